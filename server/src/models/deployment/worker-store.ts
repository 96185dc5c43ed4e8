import type { ErrorCode } from '@sdp/shared/errors';
import { type Pool, query } from '../../database/index.ts';

export interface Acknowledgement {
  readonly generation: number;
  readonly state: 'loaded' | 'failed';
  /** Why it failed. */
  readonly code?: ErrorCode;
  /** From hearing of the generation until it decides. */
  readonly swapMs?: number;
}

/** A worker that scores, as others see it. */
export interface WorkerState {
  readonly workerId: string;
  /** Host name and process id. */
  readonly name: string;
  readonly isAlive: boolean;
  /** That it runs. */
  readonly generation: number;
  readonly startedAt: Date;
  /** What it said of the generation asked for. */
  readonly acknowledged?: 'loaded' | 'failed';
  readonly code?: string;
  readonly acknowledgedAt?: Date;
}

export interface WorkerIdentity {
  readonly workerId: string;
  readonly host: string;
  readonly pid: number;
}

export interface WorkerStore {
  /** @returns the highest generation there is; 0 for none */
  beat(worker: WorkerIdentity, generation: number, aliveMs: number): Promise<number>;
  acknowledge(workerId: string, acknowledgement: Acknowledgement): Promise<void>;
  /** Workers that are alive or have said something of the generation. */
  list(generation: number): Promise<readonly WorkerState[]>;
  remove(workerId: string): Promise<void>;
}

interface Row {
  readonly worker_id: string;
  readonly host: string;
  readonly pid: number;
  readonly is_alive: boolean;
  readonly generation: string;
  readonly started_at: Date;
  readonly state: 'loaded' | 'failed' | null;
  readonly reason_code: string | null;
  readonly acknowledged_at: Date | null;
}

export function createWorkerStore(pool: Pool): WorkerStore {
  return {
    async beat({ workerId, host, pid }, generation, aliveMs) {
      const { rows } = await query<{ latest: string | null }>(
        pool,
        `WITH beat AS (
           INSERT INTO model_worker (worker_id, host, pid, generation, alive_until)
           VALUES ($1, $2, $3, $4, now() + $5 * interval '1 millisecond')
           ON CONFLICT (worker_id) DO UPDATE
             SET generation = excluded.generation, alive_until = excluded.alive_until
         ), gone AS (
           DELETE FROM model_worker WHERE alive_until < now() - interval '7 days'
         )
         SELECT max(generation) AS latest FROM model_deployment`,
        [workerId, host, pid, generation, aliveMs],
      );
      return Number(rows[0]?.latest ?? 0);
    },
    async acknowledge(workerId, { generation, state, code, swapMs }) {
      await query(
        pool,
        `INSERT INTO model_ack (generation, worker_id, state, reason_code, swap_ms) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (generation, worker_id) DO UPDATE
           SET state = excluded.state, reason_code = excluded.reason_code, swap_ms = excluded.swap_ms,
               acknowledged_at = clock_timestamp()`,
        [generation, workerId, state, code ?? null, swapMs === undefined ? null : Math.round(swapMs)],
      );
    },
    async list(generation) {
      const { rows } = await query<Row>(
        pool,
        `SELECT w.worker_id, w.host, w.pid, w.alive_until > now() AS is_alive, w.generation, w.started_at,
                a.state, a.reason_code, a.acknowledged_at
           FROM model_worker w LEFT JOIN model_ack a ON a.worker_id = w.worker_id AND a.generation = $1
          WHERE w.alive_until > now() OR a.state IS NOT NULL
          ORDER BY w.started_at, w.worker_id`,
        [generation],
      );
      return rows.map(fromRow);
    },
    remove: async (workerId) => {
      await query(pool, 'DELETE FROM model_worker WHERE worker_id = $1', [workerId]);
    },
  };
}

function fromRow(row: Row): WorkerState {
  return {
    workerId: row.worker_id,
    name: `${row.host}:${row.pid}`,
    isAlive: row.is_alive,
    generation: Number(row.generation),
    startedAt: row.started_at,
    ...(row.state !== null && { acknowledged: row.state }),
    ...(row.reason_code !== null && { code: row.reason_code }),
    ...(row.acknowledged_at !== null && { acknowledgedAt: row.acknowledged_at }),
  };
}
