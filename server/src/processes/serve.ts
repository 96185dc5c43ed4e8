import type { Logger } from '../observability/index.ts';
import type { Settings } from '../settings/index.ts';
import { startApi } from './build-api.ts';
import { startWorker } from './build-worker.ts';
import { runUntilStopped } from './lifecycle.ts';
import { openPlatform } from './platform.ts';

/** API and all workers in one process. @returns exit status */
export async function serve(settings: Settings, logger: Logger): Promise<number> {
  const platform = await openPlatform(settings, logger, 'own');
  try {
    const worker = await startWorker(platform);
    const api = await startApi(platform, worker.runner).catch(async (error) => {
      await worker.close(0);
      throw error;
    });
    logger.info(
      { url: api.url, environment: settings.environment, bus: settings.kafka ? 'kafka' : 'embedded' },
      'listening',
    );
    return await runUntilStopped({
      logger,
      deadlineMs: settings.shutdownDeadlineMs,
      parts: [api, worker],
      base: platform,
    });
  } catch (error) {
    await platform.close();
    throw error;
  }
}
