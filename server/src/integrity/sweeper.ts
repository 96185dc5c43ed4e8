import { setTimeout as sleep } from 'node:timers/promises';
import { raiseAlert } from '../alerts/index.ts';
import type { RecordAudit } from '../audit/index.ts';
import { query } from '../database/index.ts';
import { errorFields, type Logger } from '../observability/index.ts';
import type { Finding } from './finding.ts';
import { type Sweep, type SweepOptions, sweep } from './sweep.ts';

export interface SweeperOptions extends Omit<SweepOptions, 'signal' | 'onFinding'> {
  readonly recordAudit: RecordAudit;
  readonly logger: Pick<Logger, 'error' | 'warn'>;
  /** Called for each thing that is found, each time it is. */
  readonly onFailure: () => void;
  /** Between two sweeps. */
  readonly restMs?: number;
}

/** Held by the one process that sweeps. */
const advisoryLock = 72_707_413;

/**
 * Verifies everything that is stored, over and over, in the background. What is found is counted each time; logged, put into the
 * audit trail and raised as an alert it is once in the life of this process.
 */
export function startSweeper(options: SweeperOptions): { close(): Promise<void> } {
  const { logger, restMs = 60_000 } = options;
  const stopped = new AbortController();
  const told = new Set<string>();
  const run = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      await sleep(restMs, undefined, { signal: stopped.signal, ref: false }).catch(() => undefined);
      if (stopped.signal.aborted) return;
      try {
        await sweepOnce(options, { told, signal: stopped.signal });
      } catch (error) {
        if (!stopped.signal.aborted)
          logger.warn(errorFields(error), 'stored data could not be verified, it will be tried again');
      }
    }
  };
  const running = run();
  return {
    close: async () => {
      stopped.abort();
      await running;
    },
  };
}

/** One sweep, with its alerts. @returns undefined when another process sweeps, or it was stopped */
export async function sweepOnce(
  options: SweeperOptions,
  { told, signal }: { readonly told: Set<string>; readonly signal?: AbortSignal },
): Promise<Sweep | undefined> {
  const { pool } = options;
  const lock = await pool.connect();
  let isBroken = true;
  try {
    const { rows } = await query<{ locked: boolean }>(lock, 'SELECT pg_try_advisory_lock($1) AS locked', [
      advisoryLock,
    ]);
    isBroken = false;
    if (!rows[0]?.locked) return undefined;
    isBroken = true;
    const done = await sweep({
      ...options,
      ...(signal && { signal }),
      onFinding: (finding) => tell(options, finding, told),
    });
    await query(lock, 'SELECT pg_advisory_unlock($1)', [advisoryLock]);
    isBroken = false;
    return done;
  } finally {
    lock.release(isBroken);
  }
}

async function tell({ pool, recordAudit, logger, onFailure }: SweeperOptions, finding: Finding, told: Set<string>) {
  onFailure();
  const { batchId, ...detail } = finding;
  const key = JSON.stringify(finding);
  if (told.has(key) || told.size >= maxTold) return;
  told.add(key);
  logger.error({ ...finding }, 'stored data is not what was written');
  await recordAudit(pool, {
    actor: { kind: 'system', id: 'sweeper' },
    action: 'integrity.failed',
    subject: batchId,
    detail,
  });
  const { table, kind, row } = finding;
  await raiseAlert(pool, {
    type: 'integrity-failed',
    level: 'CRITICAL',
    title: 'Stored data is not what was written',
    message: `${table}: ${kind}, batch ${batchId}${row === undefined ? '' : `, record ${row}`}`,
    tags: { table, kind },
  });
}

const maxTold = 10_000;
