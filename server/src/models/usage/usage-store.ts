import { type Pool, query } from '../../database/index.ts';
import { addUsage, noUsage, type Usage, type UsageArm, type UsageKey } from './usage-recorder.ts';

export interface UsageQuery {
  readonly generation?: number;
  readonly version?: string;
  readonly arm?: UsageArm;
  readonly since?: Date;
}

export interface UsageStore {
  /** Adds to what the worker has stored for this minute. */
  add(workerId: string, taken: readonly { readonly key: UsageKey; readonly usage: Usage }[]): Promise<void>;
  /** Of all workers, by generation, arm and version. */
  sum(which: UsageQuery): Promise<readonly { readonly key: UsageKey; readonly usage: Usage }[]>;
  /** Forgets what is older. */
  prune(olderThanDays: number): Promise<void>;
}

interface Row {
  readonly generation: string;
  readonly arm: UsageArm;
  readonly version: string;
  readonly attempted: string;
  readonly failed: string;
  readonly calls: string;
  readonly failed_calls: string;
  readonly dropped: string;
  readonly decisions: readonly string[];
  readonly scores: readonly string[];
  readonly latencies: readonly string[];
}

const upsert = `
  INSERT INTO model_usage AS u (generation, arm, version, worker_id, minute, attempted, failed, calls, failed_calls, dropped,
                                decisions, scores, latencies)
  VALUES ($1, $2, $3, $4, date_trunc('minute', now()), $5, $6, $7, $8, $9, $10, $11, $12)
  ON CONFLICT (generation, arm, version, worker_id, minute) DO UPDATE SET
    attempted = u.attempted + excluded.attempted, failed = u.failed + excluded.failed,
    calls = u.calls + excluded.calls, failed_calls = u.failed_calls + excluded.failed_calls,
    dropped = u.dropped + excluded.dropped,
    decisions = (SELECT array_agg(a + b ORDER BY i) FROM unnest(u.decisions, excluded.decisions) WITH ORDINALITY t(a, b, i)),
    scores    = (SELECT array_agg(a + b ORDER BY i) FROM unnest(u.scores, excluded.scores) WITH ORDINALITY t(a, b, i)),
    latencies = (SELECT array_agg(a + b ORDER BY i) FROM unnest(u.latencies, excluded.latencies) WITH ORDINALITY t(a, b, i))`;

export function createUsageStore(pool: Pool): UsageStore {
  return {
    async add(workerId, taken) {
      for (const { key, usage } of taken) {
        await query(pool, upsert, [
          key.generation,
          key.arm,
          key.version,
          workerId,
          usage.attempted,
          usage.failed,
          usage.calls,
          usage.failedCalls,
          usage.dropped,
          usage.decisions,
          usage.scores,
          usage.latencies,
        ]);
      }
    },
    async sum({ generation, version, arm, since }) {
      const { rows } = await query<Row>(
        pool,
        `SELECT generation, arm, version, attempted, failed, calls, failed_calls, dropped, decisions, scores, latencies
           FROM model_usage
          WHERE ($1::bigint IS NULL OR generation = $1) AND ($2::text IS NULL OR version = $2)
            AND ($3::text IS NULL OR arm = $3) AND ($4::timestamptz IS NULL OR minute >= date_trunc('minute', $4::timestamptz))`,
        [generation ?? null, version ?? null, arm ?? null, since ?? null],
      );
      const sums = new Map<string, { readonly key: UsageKey; readonly usage: Usage }>();
      for (const row of rows) {
        const key = { generation: Number(row.generation), arm: row.arm, version: row.version };
        const name = `${key.generation} ${key.arm} ${key.version}`;
        const entry = sums.get(name) ?? { key, usage: noUsage() };
        addUsage(entry.usage, fromRow(row));
        sums.set(name, entry);
      }
      return [...sums.values()];
    },
    prune: async (olderThanDays) => {
      await query(pool, "DELETE FROM model_usage WHERE minute < now() - $1 * interval '1 day'", [olderThanDays]);
    },
  };
}

function fromRow(row: Row): Usage {
  return {
    attempted: Number(row.attempted),
    failed: Number(row.failed),
    calls: Number(row.calls),
    failedCalls: Number(row.failed_calls),
    dropped: Number(row.dropped),
    decisions: row.decisions.map(Number),
    scores: row.scores.map(Number),
    latencies: row.latencies.map(Number),
  };
}
