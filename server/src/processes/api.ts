import type { Logger } from '../observability/index.ts';
import type { Settings } from '../settings/index.ts';
import { startApi } from './build-api.ts';
import { runUntilStopped } from './lifecycle.ts';
import { openPlatform } from './platform.ts';

/** The API alone; batches wait for `worker` processes. @returns exit status */
export async function api(settings: Settings, logger: Logger): Promise<number> {
  const platform = await openPlatform(settings, logger, 'own');
  try {
    const started = await startApi(platform);
    logger.info(
      { url: started.url, environment: settings.environment, bus: settings.kafka ? 'kafka' : 'embedded' },
      'listening',
    );
    return await runUntilStopped({ logger, deadlineMs: settings.shutdownDeadlineMs, parts: [started], base: platform });
  } catch (error) {
    await platform.close();
    throw error;
  }
}
