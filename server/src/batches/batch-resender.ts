import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessingType, processingTypes } from '@sdp/shared/contracts';
import { SdpError } from '@sdp/shared/errors';
import { type BusPort, batchTopic } from '@sdp/shared/messaging';
import type { Logger } from 'pino';
import { type Pool, query, withTransaction } from '../database/index.ts';
import type { AnnounceBatch } from './batch-announcer.ts';
import type { BatchStore } from './batch-store.ts';

export interface BatchResenderOptions {
  readonly pool: Pool;
  readonly bus: Pick<BusPort, 'lag'>;
  readonly store: BatchStore;
  readonly announce: AnnounceBatch;
  /** Consumer group of the type's worker. */
  readonly groupOf: (type: ProcessingType) => string;
  readonly logger: Pick<Logger, 'warn' | 'error'>;
  /** Called after a commit that enqueued something. */
  readonly wakeRelay: () => void;
  /** How often to look; a minute where left out. */
  readonly intervalMs?: number;
  /** A batch that has waited this long, and whose message nobody has to read any more, is told of again; 5 minutes where left out. */
  readonly afterMs?: number;
}

export interface BatchResender {
  /** Looks now. @returns how many batches were told of again */
  look(): Promise<number>;
  close(): Promise<void>;
}

const pageSize = 100;
/** While messages of the topic wait, the batch's own may be among them: then only after this many times as long. */
const patience = 12;

/** Waits double each time: a batch whose message is refused over and over is not told of for ever at the same rate. */
const waitingSql = `
  SELECT batch_id, resent, extract(epoch FROM now() - coalesce(resent_at, received_at)) * 1000
                           / 2 ^ least(resent, 12) AS "waitedMs"
    FROM processing_batch b
   WHERE status IN ('RECEIVED', 'PROCESSING') AND processing_type = $1
     AND coalesce(resent_at, received_at) < now() - $2 * 2 ^ least(resent, 12) * interval '1 millisecond'
     AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.topic = $3 AND o.key = b.batch_id::text)
   ORDER BY received_at LIMIT ${pageSize}`;
/** A batch that is locked is being finished, or told of by another process. */
const claimSql = `
  UPDATE processing_batch SET resent = resent + 1, resent_at = now()
   WHERE batch_id = (SELECT batch_id FROM processing_batch
                      WHERE batch_id = $1 AND resent = $2 AND status IN ('RECEIVED', 'PROCESSING')
                        FOR UPDATE SKIP LOCKED)`;

interface WaitingBatch {
  readonly batch_id: string;
  readonly resent: number;
  /** In units of its present wait. */
  readonly waitedMs: string;
}

/**
 * Sends the message about a batch again that waits although nobody has a message to read: it was refused (sealed under a key
 * that a worker lacks, put there by an older version, too long on its way), or somebody has taken it out of the log. Sending
 * it once too often does no harm.
 */
export function startBatchResender(options: BatchResenderOptions): BatchResender {
  const closing = new AbortController();
  let looking: Promise<number> = Promise.resolve(0);
  const look = (): Promise<number> => {
    looking = looking.catch(() => 0).then(() => resendAll(options));
    return looking;
  };
  const run = async () => {
    while (!closing.signal.aborted) {
      await sleep(options.intervalMs ?? 60_000, undefined, { signal: closing.signal, ref: false }).catch(
        () => undefined,
      );
      if (closing.signal.aborted) return;
      // Whatever is away now, the next look comes.
      await look().catch(() => options.logger.warn({}, 'waiting batches could not be looked for'));
    }
  };
  const running = run();
  return {
    look,
    close: async () => {
      closing.abort();
      await running;
      await looking.catch(() => undefined);
    },
  };
}

async function resendAll(options: BatchResenderOptions): Promise<number> {
  let count = 0;
  for (const type of processingTypes) count += await resendOf(type, options);
  if (count > 0) {
    options.logger.warn(
      { batches: count },
      'batches waited although no message was left; their messages were sent again',
    );
    options.wakeRelay();
  }
  return count;
}

async function resendOf(type: ProcessingType, options: BatchResenderOptions): Promise<number> {
  const { pool, bus, groupOf, afterMs = 300_000 } = options;
  const topic = batchTopic(type);
  const { rows } = await query<WaitingBatch>(pool, waitingSql, [type, afterMs, topic]);
  if (rows.length === 0) return 0;
  // In this order: a message that had left the outbox before is in the log now, or is settled.
  const lags = await bus.lag(topic, groupOf(type));
  const isRead = lags.every(({ lag }) => lag === 0n);
  let count = 0;
  for (const row of rows) {
    if (!isRead && Number(row.waitedMs) < patience * afterMs) continue;
    if (await resend(row, options)) count++;
  }
  return count;
}

async function resend({ batch_id, resent }: WaitingBatch, options: BatchResenderOptions): Promise<boolean> {
  const { pool, store, announce, logger } = options;
  try {
    return await withTransaction(pool, async (tx) => {
      const { rowCount } = await tx.query(claimSql, [batch_id, resent]);
      if (rowCount !== 1) return false;
      const batch = await store.lock(tx, batch_id);
      if (batch === undefined) return false;
      await announce(tx, batch);
      return true;
    });
  } catch (error) {
    if (!(error instanceof SdpError) || error.code !== 'record-tampered') throw error;
    logger.error({ batchId: batch_id, code: error.code }, 'a waiting batch cannot be processed');
    // Counted all the same, or it would be found at every look.
    await query(pool, claimSql, [batch_id, resent]);
    return false;
  }
}
