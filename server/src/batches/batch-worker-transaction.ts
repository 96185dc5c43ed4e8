import type { BatchResult } from '@sdp/shared/contracts';
import { UnavailableError } from '@sdp/shared/errors';
import { type Pool, type PoolClient, sqlStateOf, withTransaction } from '../database/index.ts';
import { type BatchRoots, openResultWriter, type ResultWriter } from '../records/index.ts';
import type { BatchStore } from './batch-store.ts';
import type { ProcessingSummary } from './processor.ts';
import { isFinalStatus, type StoredBatch } from './stored-batch.ts';

/** How long a worker waits for another one that holds the batch before it tries again later. */
const lockTimeoutMs = 5_000;
/** Bound on the COPY of one batch's results: a worker that hangs in it must not hold the batch for ever. */
const copyTimeoutMs = 30 * 60 * 1_000;

export type SettleIn = (tx: PoolClient) => Promise<void>;

/** Thrown inside the transaction to leave it: another worker has finished the batch. */
class AlreadyFinal extends Error {}

/**
 * Runs `produce` and writes the results it emits in one transaction with the batch's new state and the message's offset.
 * The transaction begins with the first result and not before: an algorithm that thinks for minutes holds no lock.
 *
 * @returns whether the batch was finished by this call; false when another worker was faster
 */
export async function writeResults(
  pool: Pool,
  store: BatchStore,
  batch: StoredBatch,
  roots: BatchRoots,
  settleIn: SettleIn,
  produce: (emit: (results: readonly BatchResult[]) => Promise<void>) => Promise<ProcessingSummary>,
): Promise<boolean> {
  const scope = await store.scopeOf(batch);
  const first = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<ResultWriter>();
  opened.promise.catch(() => undefined);
  const emit = async (results: readonly BatchResult[]) => {
    if (results.length === 0) return;
    first.resolve();
    await (await opened.promise).write(results);
  };
  const produced = produce(emit);
  produced.catch(() => undefined);
  // A processor that fails before its first result needs no transaction at all.
  await Promise.race([first.promise, produced]);
  try {
    await withTransaction(pool, async (tx) => {
      await lockForWriting(tx, store, batch);
      const writer = await openResultWriter(tx, scope);
      opened.resolve(writer);
      const summary = await produced.catch(async (error: unknown) => {
        await writer.abort();
        throw error;
      });
      const count = await writer.finish();
      if (count !== batch.recordCount) throw new RangeError('A processor must give one result per record.');
      await roots.put(tx, {
        ...{ batchId: batch.batchId, kind: 'result', keyId: scope.dataKey.id, entries: count },
        root: writer.root(),
      });
      await store.markProcessed(tx, batch, summary);
      await settleIn(tx);
    });
    return true;
  } catch (error) {
    // Whoever still emits must not wait for a transaction that will never be.
    opened.reject(error);
    await produced.catch(() => undefined);
    if (error instanceof AlreadyFinal) return false;
    throw error;
  }
}

/** Marks the batch as failed, in one transaction with the message's offset. A batch that is final stays as it is. */
export async function writeFailure(
  pool: Pool,
  store: BatchStore,
  batch: StoredBatch,
  settleIn: SettleIn,
  reason: { readonly code: string; readonly message: string },
): Promise<void> {
  await withTransaction(pool, async (tx) => {
    await lockForWriting(tx, store, batch);
    await store.markFailed(tx, batch, { code: reason.code, message: reason.message.slice(0, 500) });
    await settleIn(tx);
  }).catch((error: unknown) => {
    if (!(error instanceof AlreadyFinal)) throw error;
  });
}

/** Sets the batch aside, as {@link writeFailure} ends one. */
export async function writeQuarantine(
  pool: Pool,
  store: BatchStore,
  batch: StoredBatch,
  settleIn: SettleIn,
  message: string,
): Promise<void> {
  await withTransaction(pool, async (tx) => {
    await lockForWriting(tx, store, batch);
    await store.markQuarantined(tx, batch, { code: 'batch-quarantined', message });
    await settleIn(tx);
  }).catch((error: unknown) => {
    if (!(error instanceof AlreadyFinal)) throw error;
  });
}

async function lockForWriting(tx: PoolClient, store: BatchStore, batch: StoredBatch): Promise<void> {
  await tx.query(`SET LOCAL lock_timeout = ${lockTimeoutMs}`);
  await tx.query(`SET LOCAL statement_timeout = ${copyTimeoutMs}`);
  const present = await store.lock(tx, batch.batchId).catch((error: unknown) => {
    if (sqlStateOf(error) !== lockNotAvailable) throw error;
    throw new UnavailableError('database-unavailable', {
      message: 'Another worker is finishing the batch',
      remedy: 'Nothing to do: the message is tried again.',
    });
  });
  if (present === undefined || isFinal(present)) throw new AlreadyFinal();
}

const lockNotAvailable = '55P03';

export function isFinal({ status }: StoredBatch): boolean {
  return isFinalStatus(status);
}
