import { type BatchRunner, createBatchRunner, startBatchWorker } from '../batches/index.ts';
import {
  createQualityInspector,
  createQualityReporter,
  createQualityStore,
  loadExpectations,
} from '../quality/index.ts';
import { startTransactionWorkers, type TransactionStage, type TransactionWorkers } from '../transactions/index.ts';
import { openScorer } from './open-scorer.ts';
import type { Platform } from './platform.ts';
import { createProcessors, splitRoles, type WorkerRole, workerRoles } from './processing-types.ts';
import { startStreamRoles } from './stream-roles.ts';

export interface Worker {
  readonly runner: BatchRunner;
  /** Takes no further batch and finishes or hands back those in hand. */
  close(deadlineMs: number): Promise<void>;
}

/** Starts the workers of these roles, of all where left out. @throws {ConfigError} `model-invalid` */
export async function startWorker(platform: Platform, roles: readonly WorkerRole[] = workerRoles): Promise<Worker> {
  const { bus, pool, store, logger, metrics, messaging } = platform;
  const { batchRoles, stages, streams } = splitRoles(roles);
  // Before models are loaded: a mistake in its file should show at once.
  const quality = openQuality(platform);
  const { processors, close } = await createProcessors(batchRoles);
  try {
    const runner = createBatchRunner({
      pool,
      store,
      roots: platform.roots,
      processors,
      inspector: quality?.inspector,
      onFinished: (batch, seconds) => {
        const { batchId, processingType, status, recordCount } = batch;
        metrics.batchFinished(processingType, status, seconds);
        if (batch.reason?.code === 'record-tampered') metrics.integrityFailed('worker', 1);
        logger.info({ batchId, processingType, status, records: recordCount }, 'batch finished');
      },
    });
    const worker = await startBatchWorker({
      ...{ bus, pool, store, runner, processors, logger },
      messaging: { ...messaging.parts, applied: messaging.applied },
    });
    for (const consumer of worker.consumers) messaging.watch(() => consumer.health());
    const transactions = await startStages(platform, stages).catch(async (error) => {
      await worker.close(0);
      throw error;
    });
    const followers = await startStreamRoles(platform, streams, batchRoles.length + stages.length).catch(
      async (error) => {
        await Promise.all([worker.close(0), transactions?.close(0)]);
        throw error;
      },
    );
    return {
      runner,
      close: async (deadlineMs) => {
        await Promise.all([worker, transactions, followers].map((each) => each?.close(deadlineMs)));
        await quality?.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @throws {ConfigError} `config-unreadable`, `config-invalid` */
function openQuality({ settings, pool, serverKey, metrics, logger }: Platform) {
  const { file, pushgateway } = settings.quality;
  if (file === undefined) return undefined;
  const tables = loadExpectations(file);
  const reporter = createQualityReporter({ registry: metrics.registry, pushgateway, logger });
  const store = createQualityStore(serverKey);
  return {
    inspector: createQualityInspector({
      ...{ pool, store, tables },
      onReport: reporter.report,
      onTampered: () => metrics.integrityFailed('worker', 1),
    }),
    close: reporter.close,
  };
}

async function startStages(
  platform: Platform,
  stages: readonly TransactionStage[],
): Promise<TransactionWorkers | undefined> {
  if (stages.length === 0) return undefined;
  const { bus, pool, keyRing, auditRows, metrics, logger, messaging, settings } = platform;
  const workers = await startTransactionWorkers({
    ...{ stages, pool, keyRing, auditRows, metrics, logger, settings: settings.transactions },
    secure: { ...messaging.parts, bus },
    openScorer: () => openScorer(platform),
  });
  for (const stage of workers.stages) messaging.watch(() => stage.health());
  return workers;
}
