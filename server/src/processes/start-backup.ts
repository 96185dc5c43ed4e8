import { ConfigError, UnavailableError } from '@sdp/shared/errors';
import { openBackupStore, startBackupWorker } from '../backup/index.ts';
import type { Platform } from './platform.ts';

/**
 * Starts the backup of the bus, where one is configured.
 *
 * @param isAlone nothing else runs in this process: then readiness falls with the place of the backup; elsewhere it only says so
 * @throws {ConfigError} `backup-not-configured` where nothing else was to run
 * @throws {RejectedError} `topic-forbidden`
 * @throws {UnavailableError} `bus-unavailable`
 */
export async function startBackup(
  platform: Platform,
  isAlone: boolean,
): Promise<{ close(deadlineMs: number): Promise<void> }> {
  const { settings, bus, pool, serverKey, metrics, logger, messaging, dependencies, partitionsOf } = platform;
  const { place } = settings.backup;
  if (place === undefined) {
    if (isAlone) throw new ConfigError('backup-not-configured');
    logger.info({}, 'no backup of the bus is configured');
    return { close: async () => undefined };
  }
  for (const topic of settings.backup.topics) await bus.ensureTopic(topic, partitionsOf(topic));
  const { security, access, metrics: messageMetrics } = messaging.parts;
  const worker = await startBackupWorker({
    ...{ bus, pool, serverKey, security, access, messageMetrics, logger, registry: metrics.registry },
    ...{
      busKind: settings.kafka ? 'kafka' : 'embedded',
      settings: settings.backup,
      store: await openBackupStore(place),
    },
  });
  for (const health of worker.health) messaging.watch(health);
  dependencies.push({
    name: 'backup',
    check: async () => {
      const outage = worker.outage();
      if (outage === undefined) return undefined;
      if (isAlone) throw new UnavailableError('backup-unavailable');
      return `waits since ${outage.since.toISOString()}, attempts: ${outage.attempts}`;
    },
  });
  return worker;
}
