import { ConfigError } from '@sdp/shared/errors';
import {
  type BackupKeys,
  type BackupStore,
  createBackupKeys,
  openBackupStore,
  type restoreBackup,
} from '../backup/index.ts';
import { applyMigrations, createPool, type Pool } from '../database/index.ts';
import { createLogger, createMetrics } from '../observability/index.ts';
import type { Settings } from '../settings/index.ts';
import { openBus, openTopicReader } from './open-bus.ts';
import { openDatabase } from './open-database.ts';
import { openMessaging } from './open-messaging.ts';
import { topicsOf } from './platform.ts';

export interface OpenedBackup {
  readonly store: BackupStore;
  readonly keys: BackupKeys;
  readonly pool: Pool;
  /** Bus, keys and rules for messages; opened at the first call. */
  messaging(): Promise<
    Pick<Parameters<typeof restoreBackup>[0], 'bus' | 'reader' | 'security' | 'compliance' | 'access' | 'audit'>
  >;
}

/**
 * Runs an operator's work on the backup that the settings name; a server may be running.
 *
 * @throws {ConfigError} `backup-not-configured`
 */
export async function withBackup<T>(settings: Settings, work: (backup: OpenedBackup) => Promise<T>): Promise<T> {
  const { place } = settings.backup;
  if (place === undefined) throw new ConfigError('backup-not-configured');
  const closers: (() => Promise<unknown>)[] = [];
  try {
    const store = await openBackupStore(place);
    closers.push(() => store.close());
    const { dsn, serverKey, stop } = await openDatabase(settings, 'either');
    closers.push(stop);
    await applyMigrations(dsn);
    const pool = createPool({ dsn, applicationName: 'sdp-server-backup', maxConnections: 4 });
    closers.push(() => pool.end());
    return await work({
      ...{ store, pool, keys: createBackupKeys(serverKey) },
      messaging: async () => {
        // What happens is printed; log lines would stand in between.
        const logger = createLogger({ level: 'silent' });
        const topics = topicsOf(settings);
        const messaging = openMessaging({ settings, dsn, pool, serverKey, topics, metrics: createMetrics(), logger });
        closers.push(() => messaging.close());
        const bus = await openBus(settings, dsn, pool, logger);
        closers.push(() => bus.close());
        const reader = await openTopicReader(settings, pool, logger);
        closers.push(() => reader.close());
        return { bus, reader, ...messaging.parts };
      },
    });
  } finally {
    for (let closer = closers.pop(); closer; closer = closers.pop()) await closer();
  }
}
