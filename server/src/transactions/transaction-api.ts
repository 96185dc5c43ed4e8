import type { TransactionDecided } from '@sdp/shared/contracts';
import type { MasterKey } from '@sdp/shared/crypto';
import {
  type AccessRules,
  type ComplianceManager,
  type GenuineMessage,
  MessageSealer,
  messageHeaders,
  type SecurityManager,
  type StageBus,
  startSecureTail,
} from '@sdp/shared/messaging';
import type { Request, Router } from 'express';
import type { RecordAudit } from '../audit/index.ts';
import { EmbeddedBus } from '../bus/index.ts';
import { onlyTenants, type Pool } from '../database/index.ts';
import { itemRate } from '../http/index.ts';
import type { Guard, Permission } from '../identity/index.ts';
import type { Logger, Metrics } from '../observability/index.ts';
import { alertRoutes } from './api/alert-routes.ts';
import { DecisionStreams } from './api/decision-stream.ts';
import { outcomeRoutes } from './api/outcome-routes.ts';
import { createTransactionApiMetrics } from './api/transaction-api-metrics.ts';
import { transactionRoutes } from './api/transaction-routes.ts';
import { DecisionBoard } from './intake/decision-board.ts';
import { createIngestLog } from './intake/ingest-log.ts';
import { contentDigest } from './intake/transaction-content.ts';
import { TransactionIntake } from './intake/transaction-intake.ts';
import { startUnpublishedSweeper } from './intake/unpublished-sweeper.ts';
import { findTransactions } from './store/transaction-store.ts';
import { decidedContract, transactionTopics } from './transaction-flow.ts';

/** Transactions of one request. */
const largestRequest = 1_000;

export interface TransactionApiOptions {
  readonly pool: Pool;
  readonly bus: StageBus;
  readonly serverKey: MasterKey;
  readonly recordAudit: RecordAudit;
  readonly security: SecurityManager;
  readonly compliance?: ComplianceManager | undefined;
  readonly access?: AccessRules | undefined;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Of the topic of results. */
  readonly partitions: number;
  readonly settings: {
    readonly ratePerMinute: number;
    readonly maxWaiting: number;
    readonly maxStreams: number;
  };
  readonly guard: Guard;
  /** Whether who asked still may. */
  readonly isAllowed: (request: Request, permission: Permission) => Promise<boolean>;
}

export interface TransactionApi {
  /** In this order: the stream's path looks like a transaction's. */
  readonly routers: readonly Router[];
  /** Ends streams, at once: an HTTP server waits for them otherwise. */
  endStreams(): void;
  /** Finishes what is being stored. Call it when no request is left. */
  close(): Promise<void>;
}

/**
 * Starts what an API process needs to take transactions and answer with decisions.
 *
 * @throws {UnavailableError} `bus-unavailable`
 */
export async function startTransactionApi(options: TransactionApiOptions): Promise<TransactionApi> {
  const { pool, bus, security, compliance, access, logger, settings, guard } = options;
  const rules = { security, ...(compliance && { compliance }), ...(access && { access }) };
  const sealer = new MessageSealer(rules);
  const metrics = createTransactionApiMetrics(options.metrics.registry);
  const board = new DecisionBoard({
    find: (names) => findTransactions(pool, names),
    onLookFailed: () => logger.warn({}, 'decisions could not be looked up, it will be tried again'),
  });
  const log = createIngestLog(pool, bus, () =>
    logger.warn({}, 'published transactions could not be noted, they will be published once more'),
  );
  const intake = new TransactionIntake({
    ...{ pool, sealer, log, digest: contentDigest(options.serverKey) },
    maxWaiting: settings.maxWaiting,
  });
  const streams = new DecisionStreams({
    ...{ pool, partitions: options.partitions, maxStreams: settings.maxStreams },
    isAllowed: (request) => options.isAllowed(request, 'transactions:read'),
  });
  metrics.watch(() => ({ waiting: board.size, streams: streams.size }));
  const tail = await startSecureTail({
    ...{ ...rules, bus, topic: transactionTopics.results, contracts: [decidedContract] },
    isWanted: ({ partition, headers }) => {
      streams.onResult(headers[messageHeaders.tenant] ?? '', partition);
      return board.size > 0;
    },
    onMessage: (message) => {
      const { tenant, payload } = message as GenuineMessage<TransactionDecided>;
      board.onResult(tenant, payload.result);
    },
    onRefused: (code) => metrics.resultRefused(code),
  });
  const sweeper = bus instanceof EmbeddedBus ? undefined : startUnpublishedSweeper({ pool, bus, security, logger });
  return {
    routers: [
      streams.routes(guard),
      outcomeRoutes({ pool, bus, sealer, guard, recordAudit: options.recordAudit }),
      alertRoutes(pool, guard),
      transactionRoutes({
        ...{ intake, board, metrics, guard, maxWaiting: settings.maxWaiting },
        rate: itemRate(settings.ratePerMinute, largestRequest),
        find: (name) => findTransactions(onlyTenants(pool, [name.clientId]), [name]),
      }),
    ],
    endStreams: () => streams.close(),
    close: async () => {
      streams.close();
      await intake.drained();
      await log.drained();
      await sweeper?.close();
      await tail.close();
      board.close();
    },
  };
}
