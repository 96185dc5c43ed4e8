import type { MasterKey } from '@sdp/shared/crypto';
import {
  type AccessRules,
  type ConsumerHealth,
  type MessageMetrics,
  type SecurityManager,
  type StageBus,
  WatchedConsumer,
} from '@sdp/shared/messaging';
import type { Registry } from 'prom-client';
import { type Pool, withTransaction } from '../database/index.ts';
import { errorFields, type Logger } from '../observability/index.ts';
import { createBackupKeys } from './backup-keys.ts';
import { createBackupMetrics } from './backup-metrics.ts';
import type { BusKind } from './chain-rules.ts';
import { refusalCheck } from './refusal.ts';
import type { BackupStore } from './store/backup-store.ts';
import type { BackupPlace } from './store/open-store.ts';
import { type BackupOutage, TopicBackup } from './topic-backup.ts';

/** Of the backup's consumers. */
export const backupGroup = 'sdp-backup';

export interface BackupSettings {
  /** Undefined where no backup is configured. */
  readonly place: BackupPlace | undefined;
  readonly topics: readonly string[];
  /** For how long a message may wait in the log before it is kept. */
  readonly everyMs: number;
  /** Bound on bytes of values in one batch of a topic; as many may be read ahead. */
  readonly maxBytes: number;
  readonly maxMessages: number;
}

export interface BackupWorkerOptions {
  readonly settings: Omit<BackupSettings, 'place'>;
  /** Closed with the worker. */
  readonly store: BackupStore;
  readonly bus: StageBus;
  readonly busKind: BusKind;
  readonly pool: Pool;
  readonly serverKey: MasterKey;
  readonly security: SecurityManager;
  readonly access: AccessRules;
  readonly messageMetrics: MessageMetrics;
  readonly registry: Registry;
  readonly logger: Logger;
}

export interface BackupWorker {
  /** Of each topic, for readiness: stalled is what an outage of the place is not. */
  readonly health: readonly (() => Pick<ConsumerHealth, 'status'>)[];
  /** The longest of those that there are. */
  outage(): BackupOutage | undefined;
  /** Takes no further batch and finishes the one in hand. What isn't kept yet stays in the log. */
  close(deadlineMs: number): Promise<void>;
}

/**
 * Keeps all messages of some topics in a directory or a bucket. Any number of processes share the partitions.
 *
 * @throws {RejectedError} `topic-forbidden` for a topic that the product may not read
 * @throws {UnavailableError} `bus-unavailable`
 */
export async function startBackupWorker(options: BackupWorkerOptions): Promise<BackupWorker> {
  const { settings, store, bus, busKind, pool, security, access, messageMetrics, registry, logger } = options;
  const { topics, everyMs, maxBytes: maxBufferedBytes, maxMessages: maxBatchMessages } = settings;
  for (const topic of topics) access.assertAllowed(security.keys.party, 'READ', topic);
  await store.check().catch((error: unknown) => {
    logger.warn({ place: store.place, ...errorFields(error) }, 'the place of the backup cannot be used yet');
  });
  const metrics = createBackupMetrics(registry, topics);
  const shared = {
    ...{ store, pool, logger, metrics, everyMs, bus: busKind },
    ...{ keys: createBackupKeys(options.serverKey), refusalOf: refusalCheck(security, access) },
  };
  const running: { readonly backup: TopicBackup; readonly consumer: WatchedConsumer }[] = [];
  const close = async (deadlineMs: number): Promise<void> => {
    await Promise.all(running.map(({ consumer }) => consumer.close(deadlineMs)));
    await store.close();
  };
  try {
    for (const topic of topics) {
      const backup = new TopicBackup({ ...shared, topic });
      const stage = {
        ...{ topic, group: backupGroup, maxBufferedBytes, maxBatchMessages, ...backup.stage() },
        inTransaction: (work: Parameters<typeof withTransaction<void>>[1]) => withTransaction(pool, work),
      };
      const consumer = await WatchedConsumer.start({
        ...{ bus, topic, group: backupGroup, metrics: messageMetrics, logger },
        start: () => bus.runStage(stage),
        hasMoved: (longestMs) => backup.hasMoved(longestMs),
        onStalled: () => undefined,
      });
      running.push({ backup, consumer });
    }
  } catch (error) {
    await close(0);
    throw error;
  }
  logger.info({ place: store.place, topics }, 'backup started');
  return {
    health: running.map(({ consumer }) => () => ({
      status: consumer.isStalled ? ('stalled' as const) : ('ok' as const),
    })),
    outage: () =>
      running.flatMap(({ backup }) => backup.outage ?? []).toSorted((a, b) => a.since.getTime() - b.since.getTime())[0],
    close,
  };
}
