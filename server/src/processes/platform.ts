import { processingTypes } from '@sdp/shared/contracts';
import { keyFingerprint, type MasterKey } from '@sdp/shared/crypto';
import { batchTopic, type StageBus } from '@sdp/shared/messaging';
import { factsTopic } from '../analysis/index.ts';
import {
  type AuditRows,
  createAuditRows,
  createRecordAudit,
  type RecordAudit,
  type Sequencer,
} from '../audit/index.ts';
import { type BatchStore, createBatchStore } from '../batches/index.ts';
import { applyMigrations, createPool, type Pool, query } from '../database/index.ts';
import { eventTopics } from '../events/index.ts';
import type { Dependency } from '../http/index.ts';
import { startSweeper } from '../integrity/index.ts';
import { createMetrics, type Logger, type Metrics } from '../observability/index.ts';
import { type BatchRoots, createBatchRoots, type DataKeyRing, openDataKeyRing } from '../records/index.ts';
import type { Settings } from '../settings/index.ts';
import { type LoadedTopics, loadTopics } from '../topics/index.ts';
import { transactionTopics } from '../transactions/index.ts';
import { makeKafkaTopics } from './make-topics.ts';
import { openBus } from './open-bus.ts';
import { openDatabase } from './open-database.ts';
import { startLedger } from './open-ledger.ts';
import { type Messaging, openMessaging } from './open-messaging.ts';
import { startKeyRotation } from './start-key-rotation.ts';

/** What API and workers alike are built on. */
export interface Platform {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly pool: Pool;
  readonly bus: StageBus;
  /** As a topic was made, or is made where it isn't there. */
  readonly partitionsOf: (topic: string) => number;
  readonly serverKey: MasterKey;
  readonly keyFingerprints: readonly string[];
  readonly keyRing: DataKeyRing;
  readonly store: BatchStore;
  readonly roots: BatchRoots;
  /** For what people do; in the transaction of the deed. */
  readonly auditRows: AuditRows;
  readonly recordAudit: RecordAudit;
  /** Writes the ledger of the audit trail, unless another process does. */
  readonly ledger: Sequencer;
  readonly messaging: Messaging;
  /** What is started later may add to them. */
  readonly dependencies: Dependency[];
  /** Resolves if the database that this process runs ends by itself. */
  readonly databaseEnded: Promise<void>;
  close(): Promise<void>;
}

/**
 * @param database `own`: run the embedded PostgreSQL where no other is configured; `join`: use the one that a server runs
 * @throws {ConfigError} `key-invalid`
 * @throws {IntegrityError} `migration-changed`
 * @throws {UnavailableError} `database-unavailable`, `bus-unavailable`
 */
export async function openPlatform(settings: Settings, logger: Logger, database: 'own' | 'join'): Promise<Platform> {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (let closer = closers.pop(); closer; closer = closers.pop()) await closer();
  };
  try {
    const { dsn, serverKey, ended, stop } = await openDatabase(settings, database);
    closers.push(stop);
    const applied = await applyMigrations(dsn);
    if (applied.length > 0) logger.info({ count: applied.length }, 'migrations applied');
    const pool = createPool({
      dsn,
      applicationName: 'sdp-server',
      maxConnections: settings.database.poolSize,
      onIdleError: () => logger.warn({}, 'database connection lost while idle'),
    });
    closers.push(() => pool.end());
    const keyRing = await openDataKeyRing(pool, serverKey);
    const metrics = createMetrics();
    const loaded = topicsOf(settings);
    const messaging = openMessaging({ settings, dsn, pool, serverKey, topics: loaded, metrics, logger });
    closers.push(() => messaging.close());
    const bus = await openBus(settings, dsn, pool, logger);
    closers.push(() => bus.close());
    const ledger = startLedger({ settings, serverKey, dsn, metrics, logger });
    closers.push(() => ledger.closeAll());
    const recordAudit = createRecordAudit(serverKey);
    const roots = createBatchRoots(serverKey);
    const rotation = startKeyRotation({ pool, keyRing, roots, recordAudit, logger });
    closers.push(() => rotation.close());
    const { sweepRowsPerSecond: rowsPerSecond } = settings.audit;
    if (rowsPerSecond > 0) {
      const onFailure = () => metrics.integrityFailed('sweep', 1);
      const sweeper = startSweeper({ pool, keyRing, roots, serverKey, recordAudit, logger, onFailure, rowsPerSecond });
      closers.push(() => sweeper.close());
    }
    const { topics } = loaded;
    const partitionsOf = (name: string) => topics.find(({ topic }) => topic === name)?.partitions ?? 1;
    const names = [
      ...processingTypes.map(batchTopic),
      ...Object.values(transactionTopics),
      ...Object.values(eventTopics),
      factsTopic,
    ];
    if (settings.kafka !== undefined) await makeKafkaTopics(settings.kafka, names, topics, logger);
    for (const topic of names) await bus.ensureTopic(topic, partitionsOf(topic));
    return {
      settings,
      logger,
      metrics,
      pool,
      bus,
      partitionsOf,
      serverKey,
      keyFingerprints: [keyFingerprint(serverKey)],
      keyRing,
      store: createBatchStore(pool, keyRing),
      roots,
      auditRows: createAuditRows(serverKey),
      recordAudit,
      ledger,
      messaging,
      dependencies: [
        { name: 'database', check: async () => void (await query(pool, 'SELECT 1')) },
        { name: 'bus', check: () => bus.check() },
        messaging.dependency,
      ],
      databaseEnded: ended,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @throws {ConfigError} `config-invalid`, `config-unreadable` */
export function topicsOf({ topics: { file, partitions }, kafka }: Settings): LoadedTopics {
  return loadTopics({ path: file, partitions, replicas: kafka?.replicas });
}
