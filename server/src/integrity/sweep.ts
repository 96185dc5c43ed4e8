import { setTimeout as sleep } from 'node:timers/promises';
import { type Pool, type PoolClient, query } from '../database/index.ts';
import { type CheckParts, checkBatch } from './check-batch.ts';
import { checkMissing } from './check-missing.ts';
import type { Finding, Pace } from './finding.ts';

export interface SweepOptions extends CheckParts {
  readonly pool: Pool;
  /** At the most; as fast as it goes where left out. */
  readonly rowsPerSecond?: number | undefined;
  readonly signal?: AbortSignal;
  readonly onFinding?: (finding: Finding) => Promise<void>;
}

export interface Sweep {
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly batches: number;
  readonly rows: number;
  readonly findings: readonly Finding[];
}

const maxFindings = 10_000;

/**
 * Verifies everything that is stored of batches, and writes down that it did.
 *
 * A batch is looked at page by page, since a transaction that lasts as long as a bounded rate would hold up the database's own
 * housekeeping. What seems to be wrong is looked at once more, as one moment of the database shows it: it may have been given
 * another key, or been finished, between two pages.
 *
 * @throws {UnavailableError} `database-unavailable`
 */
export async function sweep(options: SweepOptions): Promise<Sweep | undefined> {
  const { pool, signal, onFinding } = options;
  const startedAt = new Date();
  const found: Finding[] = [];
  const add = async (findings: readonly Finding[]): Promise<void> => {
    for (const finding of findings) {
      if (found.length < maxFindings) found.push(finding);
      await onFinding?.(finding);
    }
  };
  const clock = paced(options.rowsPerSecond, signal);
  let batches = 0;
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const { rows } = await query<{ batch_id: string }>(
      pool,
      'SELECT batch_id FROM processing_batch WHERE batch_id > $1 ORDER BY batch_id LIMIT 100',
      [after],
    );
    for (const { batch_id: batchId } of rows) {
      if (signal?.aborted) return undefined;
      const suspected = await checkBatch(pool, batchId, options, clock.pace);
      if (suspected.length > 0 && !signal?.aborted) {
        await add(await atOneMoment(pool, (db) => checkBatch(db, batchId, options, () => undefined)));
      }
      batches++;
      after = batchId;
    }
    if (rows.length === 0) break;
  }
  await add(await atOneMoment(pool, checkMissing));
  const finishedAt = new Date();
  await query(
    pool,
    'INSERT INTO integrity_sweep (started_at, finished_at, batches, rows, failures) VALUES ($1, $2, $3, $4, $5)',
    [startedAt, finishedAt, batches, clock.rows(), found.length],
  );
  return { startedAt, finishedAt, batches, rows: clock.rows(), findings: found };
}

async function atOneMoment<T>(pool: Pool, work: (db: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  try {
    await query(client, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await query(client, 'SET LOCAL statement_timeout = 0');
    return await work(client);
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
    client.release();
  }
}

function paced(rowsPerSecond: number | undefined, signal: AbortSignal | undefined): { pace: Pace; rows: () => number } {
  const begun = performance.now();
  let rows = 0;
  return {
    rows: () => rows,
    pace: (more) => {
      rows += more;
      if (rowsPerSecond === undefined) return undefined;
      const waitMs = (rows / rowsPerSecond) * 1_000 - (performance.now() - begun);
      return waitMs > 0 ? sleep(waitMs, undefined, signal && { signal }).catch(() => undefined) : undefined;
    },
  };
}
