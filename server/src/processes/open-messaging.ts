import type { MasterKey } from '@sdp/shared/crypto';
import { UnavailableError } from '@sdp/shared/errors';
import {
  type AccessRules,
  ComplianceManager,
  type ConsumerHealth,
  KeyRing,
  type MessageAudit,
  type MessageLogger,
  type MessageMetrics,
  MessageSealer,
  type PartitionOf,
  SecurityManager,
} from '@sdp/shared/messaging';
import { watchDeadLetters } from '../alerts/index.ts';
import { createAuditStore, MessageAuditTrail } from '../audit/index.ts';
import { PostgresAppliedEvents, PostgresKeyUsage, partitionOf } from '../bus/index.ts';
import { createPool, type Pool } from '../database/index.ts';
import type { Dependency } from '../http/index.ts';
import { createMessageMetrics, type Logger, type Metrics } from '../observability/index.ts';
import { messageKeys, type Settings } from '../settings/index.ts';
import { type LoadedTopics, loadAccess } from '../topics/index.ts';
import { startHousekeeping } from './housekeeping.ts';

/** What producers, consumers and stages of this process are built with. */
export interface SecureParts {
  readonly security: SecurityManager;
  readonly compliance: ComplianceManager;
  readonly access: AccessRules;
  readonly audit: MessageAudit;
  readonly metrics: MessageMetrics;
  readonly logger: MessageLogger;
  readonly partitionOf: PartitionOf;
}

/** Secured messaging of this process: keys, policies, access rules, audit trail and metrics. */
export interface Messaging {
  /** Spread into the options of a producer, a consumer or a stage. */
  readonly parts: SecureParts;
  /** For messages that go by way of a table of ours. */
  readonly sealer: MessageSealer;
  /** For consumers whose effect has no dedupe key of its own. */
  readonly applied: PostgresAppliedEvents;
  /** Has readiness tell when a consumer or stage stands still. */
  watch(health: () => Pick<ConsumerHealth, 'status'>): void;
  readonly dependency: Dependency;
  /** Writes what the audit trail still holds; once consumers and producers are closed. */
  close(): Promise<void>;
}

export interface OpenMessagingOptions {
  readonly settings: Settings;
  readonly dsn: string;
  readonly pool: Pool;
  readonly serverKey: MasterKey;
  readonly topics: LoadedTopics;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/**
 * @throws {ConfigError} `message-key-invalid`, `config-invalid`, `config-unreadable`
 * @throws {UnavailableError} `database-unavailable`
 */
export function openMessaging(options: OpenMessagingOptions): Messaging {
  const { settings, dsn, pool, serverKey, topics, metrics, logger } = options;
  // Connections of its own: these statements run while others wait for them inside their transactions.
  const own = createPool({ dsn, applicationName: 'sdp-server-messages', maxConnections: 2 });
  const store = createAuditStore(own);
  const audit = new MessageAuditTrail({ store, logger, mode: settings.messageAudit.mode });
  const security = new SecurityManager({
    keys: new KeyRing({
      ...messageKeys(settings.messageKeys, serverKey),
      budget: {
        usage: new PostgresKeyUsage(own),
        onNearCap: ({ keyId, sealed, cap }) =>
          logger.error({ keyId, sealed, cap }, 'a key for messages has sealed almost all that it may: rotate it'),
      },
    }),
  });
  const compliance = new ComplianceManager(topics.policies);
  const access = loadAccess(settings.topics.accessFile);
  // As far back as anybody can have a message read again.
  const topicDays = Math.max(settings.busRetentionDays, ...topics.topics.map(({ retentionDays }) => retentionDays));
  const applied = new PostgresAppliedEvents(pool);
  const housekeeping = startHousekeeping(logger, [
    () => applied.forgetBefore(daysAgo(topicDays + 1)),
    () => store.forgetBefore(daysAgo(settings.messageAudit.days)),
  ]);
  const messageMetrics = createMessageMetrics(metrics.registry);
  const noteLetter = watchDeadLetters({ db: own, logger, threshold: settings.alerts.deadLetterThreshold });
  const watched: (() => Pick<ConsumerHealth, 'status'>)[] = [];
  return {
    parts: {
      security,
      compliance,
      access,
      audit,
      metrics: {
        ...messageMetrics,
        deadLettered: (topic, code) => {
          messageMetrics.deadLettered(topic, code);
          noteLetter(topic, code);
        },
      },
      logger,
      partitionOf,
    },
    sealer: new MessageSealer({ security, compliance, access }),
    applied,
    watch: (health) => void watched.push(health),
    dependency: {
      name: 'messages',
      check: async () => {
        if (watched.some((health) => health().status === 'stalled')) throw new UnavailableError('bus-unavailable');
      },
    },
    close: async () => {
      await housekeeping.close();
      await audit.close();
      await own.end();
    },
  };
}

function daysAgo(days: number): Date {
  return new Date(Date.now() - days * 86_400_000);
}
