import { parentPort, workerData } from 'node:worker_threads';
import { SdpError } from '@sdp/shared/errors';
import { transferListOf } from './batch.ts';
import { BatchWriter } from './batch-writer.ts';
import { openDatabase, prepareForWriting } from './database.ts';
import { sortBatch } from './sort-batch.ts';
import { vaultErrorFrom } from './sqlite-errors.ts';
import type { FromWorker, ToWorker, WorkerFailure, WorkerStart } from './worker-messages.ts';
import { withWriteLock } from './write-lock.ts';

const port = parentPort;
if (port === null) throw new Error('This file runs as a worker thread.');
const { path, keys } = workerData as WorkerStart;

const db = openDatabase(path);
prepareForWriting(db);
const writer = new BatchWriter(db, keys);
// From here on `withWriteLock` does the waiting.
db.pragma('busy_timeout = 0');

let failed = false;

port.on('message', (message: ToWorker) => {
  if (message.type === 'stop') {
    db.close();
    port.close();
    return;
  }
  // After a failure nothing more is written: what was queued behind it belongs to a run that has failed.
  if (failed) return;
  try {
    // Sorting comes before the lock is taken: that is the gap in which another process gets in.
    const sorted = message.batches.map((batch) => {
      const repeats: number[] = [];
      return { batch, order: sortBatch(batch, repeats), repeats };
    });
    const differing = withWriteLock(() => writer.write(sorted));
    const buffers = message.batches.map(({ digests, ends, values }) => ({ digests, ends, values }));
    const written: FromWorker = { type: 'written', buffers, differing };
    port.postMessage(written, buffers.flatMap(transferListOf));
  } catch (error) {
    failed = true;
    const message: FromWorker = { type: 'failed', failure: failureFrom(vaultErrorFrom(error)) };
    port.postMessage(message);
  }
});

function failureFrom(error: unknown): WorkerFailure {
  const known = error instanceof SdpError ? error : new SdpError('internal');
  return { code: known.code, message: known.message, remedy: known.remedy, details: known.details };
}
