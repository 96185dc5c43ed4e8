import { startAnalysisWorkers } from '../analysis/index.ts';
import { ensureAnomalyPartitions } from '../anomaly-events/index.ts';
import { shippedFile } from '../topics/index.ts';
import { startHousekeeping } from './housekeeping.ts';
import type { Platform } from './platform.ts';

/** Analyses events as they come in. @throws {ConfigError} for the file of rules @throws {UnavailableError} */
export async function startAnalysis(platform: Platform) {
  const { bus, pool, keyRing, metrics, logger, messaging, settings } = platform;
  const { rulesFile = shippedFile('anomaly-rules.yml'), snapshotEveryMs } = settings.analysis;
  const { repeatMs } = settings.events;
  await ensureAnomalyPartitions(pool);
  const workers = await startAnalysisWorkers({
    ...{ pool, keyRing, metrics, logger, settings: { rulesFile, snapshotEveryMs, repeatMs } },
    secure: { ...messaging.parts, bus },
  });
  for (const stage of workers.stages) messaging.watch(() => stage.health());
  // A worker may run for months without an API beside it.
  const housekeeping = startHousekeeping(logger, [() => ensureAnomalyPartitions(pool)]);
  return {
    close: async (deadlineMs: number) => {
      await Promise.all([workers.close(deadlineMs), housekeeping.close()]);
    },
  };
}
