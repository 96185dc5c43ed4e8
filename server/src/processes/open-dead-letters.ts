import { applyMigrations, createPool } from '../database/index.ts';
import { createDecisionStore, DeadLetters } from '../dead-letters/index.ts';
import { createLogger, createMetrics } from '../observability/index.ts';
import type { Settings } from '../settings/index.ts';
import { openBus, openTopicReader } from './open-bus.ts';
import { openDatabase } from './open-database.ts';
import { openMessaging } from './open-messaging.ts';
import { topicsOf } from './platform.ts';

/** Runs an operator's work on dead letters with the keys, policies and audit trail of the server, which may be running. */
export async function withDeadLetters<T>(settings: Settings, work: (letters: DeadLetters) => Promise<T>): Promise<T> {
  const closers: (() => Promise<unknown>)[] = [];
  try {
    const { dsn, serverKey, stop } = await openDatabase(settings, 'either');
    closers.push(stop);
    await applyMigrations(dsn);
    const pool = createPool({ dsn, applicationName: 'sdp-server-dead-letters', maxConnections: 4 });
    closers.push(() => pool.end());
    // What happens is printed; log lines would stand in between.
    const logger = createLogger({ level: 'silent' });
    const topics = topicsOf(settings);
    const messaging = openMessaging({ settings, dsn, pool, serverKey, topics, metrics: createMetrics(), logger });
    closers.push(() => messaging.close());
    const bus = await openBus(settings, dsn, pool, logger);
    closers.push(() => bus.close());
    const reader = await openTopicReader(settings, pool, logger);
    closers.push(() => reader.close());
    return await work(new DeadLetters({ bus, reader, decisions: createDecisionStore(pool), ...messaging.parts }));
  } finally {
    for (let closer = closers.pop(); closer; closer = closers.pop()) await closer();
  }
}
