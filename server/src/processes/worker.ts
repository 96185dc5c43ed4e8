import { createApp, listen, probeRoutes } from '../http/index.ts';
import type { Logger } from '../observability/index.ts';
import type { Settings } from '../settings/index.ts';
import { startWorker } from './build-worker.ts';
import { type Part, runUntilStopped } from './lifecycle.ts';
import { openPlatform, type Platform } from './platform.ts';
import type { WorkerRole } from './processing-types.ts';

/** Workers alone; any number of such processes share the batches. @returns exit status */
export async function worker(settings: Settings, logger: Logger, roles: readonly WorkerRole[]): Promise<number> {
  const platform = await openPlatform(settings, logger, 'join');
  try {
    const started = await startWorker(platform, roles);
    const probes = await startProbes(platform);
    const parts: Part[] = probes ? [started, probes] : [started];
    return await runUntilStopped({ logger, deadlineMs: settings.shutdownDeadlineMs, parts, base: platform });
  } catch (error) {
    await platform.close();
    throw error;
  }
}

/** Health and metrics on PROMETHEUS_PORT, where that is set. */
async function startProbes({ settings, logger, metrics, dependencies }: Platform): Promise<Part | undefined> {
  const { workerMetricsPort: port, http } = settings;
  if (port === 0) return undefined;
  const app = createApp({
    logger,
    metrics,
    refusedPerMinute: http.rateLimitPerMinute,
    probes: probeRoutes(dependencies, metrics),
    routes: [],
  });
  const listener = await listen(app, { host: http.host, port, requestTimeoutMs: 30_000 });
  logger.info({ url: listener.url }, 'metrics listening');
  return listener;
}
