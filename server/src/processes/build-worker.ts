import { type BatchRunner, createBatchRunner, startBatchWorker } from '../batches/index.ts';
import type { Platform } from './platform.ts';
import { createProcessors, type WorkerRole } from './processing-types.ts';

export interface Worker {
  readonly runner: BatchRunner;
  /** Takes no further batch and finishes or hands back those in hand. */
  close(deadlineMs: number): Promise<void>;
}

/** Starts the workers of these roles, of all where left out. @throws {ConfigError} `model-invalid` */
export async function startWorker(platform: Platform, roles?: readonly WorkerRole[]): Promise<Worker> {
  const { bus, pool, store, logger, metrics, messaging } = platform;
  const { processors, close } = await createProcessors(roles);
  try {
    const runner = createBatchRunner({
      pool,
      store,
      processors,
      onFinished: (batch, seconds) => {
        const { batchId, processingType, status, recordCount } = batch;
        metrics.batchFinished(processingType, status, seconds);
        logger.info({ batchId, processingType, status, records: recordCount }, 'batch finished');
      },
    });
    const worker = await startBatchWorker({
      ...{ bus, pool, store, runner, processors, logger },
      messaging: { ...messaging.parts, applied: messaging.applied },
    });
    for (const consumer of worker.consumers) messaging.watch(() => consumer.health());
    return {
      runner,
      close: async (deadlineMs) => {
        await worker.close(deadlineMs);
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
