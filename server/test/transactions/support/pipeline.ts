import { randomBytes } from 'node:crypto';
import type { Transaction } from '@sdp/shared/contracts';
import { parseMasterKey } from '@sdp/shared/crypto';
import { KeyRing, SecurityManager, type StageBus } from '@sdp/shared/messaging';
import { createAuditRows, createRecordAudit, createRowMac } from '../../../src/audit/index.ts';
import { EmbeddedBus } from '../../../src/bus/index.ts';
import { createPool, type Pool } from '../../../src/database/index.ts';
import {
  createApiKeyStore,
  createApp,
  keyAuthenticator,
  listen,
  principalRateLimit,
  probeRoutes,
} from '../../../src/http/index.ts';
import { createAccessLog, createGuard, type Scope, stillMay } from '../../../src/identity/index.ts';
import { createLogger, createMetrics } from '../../../src/observability/index.ts';
import { openDataKeyRing } from '../../../src/records/index.ts';
import { messageKeys } from '../../../src/settings/index.ts';
import {
  startTransactionApi,
  startTransactionWorkers,
  type TransactionStage,
  transactionStages,
  transactionTopics,
} from '../../../src/transactions/index.ts';
import { StubScorer } from './stub-scorer.ts';

export const serverKey = parseMasterKey(Buffer.alloc(32, 7).toString('base64url'));

/** What all processes of one test share. */
export interface Ground {
  readonly dsn: string;
  /** A bus of a process's own. */
  readonly openBus: (pool: Pool) => StageBus;
  readonly partitions?: number;
}

export function embeddedGround(dsn: string, partitions = 3): Ground {
  const logger = createLogger({ level: 'silent' });
  return { dsn, partitions, openBus: (pool) => new EmbeddedBus({ pool, dsn, logger, leaseMs: 3_000, pollMs: 200 }) };
}

async function openParts({ dsn, openBus, partitions = 3 }: Ground, log: string[]) {
  const pool = createPool({ dsn, applicationName: 'test', maxConnections: 8 });
  const bus = openBus(pool);
  for (const topic of Object.values(transactionTopics)) await bus.ensureTopic(topic, partitions);
  const security = new SecurityManager({ keys: new KeyRing(messageKeys({ generation: 1 }, serverKey)) });
  const logger = createLogger({ level: 'debug', destination: { write: (line: string) => void log.push(line) } });
  return { pool, bus, security, logger, metrics: createMetrics(), partitions };
}

export interface WorkerProcess {
  readonly scorer: StubScorer;
  readonly log: string[];
  readonly metrics: ReturnType<typeof createMetrics>;
  stop(deadlineMs?: number): Promise<void>;
}

/** Stages as a process of their own would run them. */
export async function startWorkers(
  ground: Ground,
  stages: readonly TransactionStage[] = transactionStages,
  settings: { readonly latenessMs?: number; readonly snapshotEveryMs?: number } = {},
): Promise<WorkerProcess> {
  const log: string[] = [];
  const { pool, bus, security, logger, metrics } = await openParts(ground, log);
  const scorer = new StubScorer();
  const workers = await startTransactionWorkers({
    ...{ stages, pool, metrics, logger, keyRing: await openDataKeyRing(pool, serverKey) },
    auditRows: createAuditRows(serverKey),
    secure: { bus, security, logger },
    openScorer: async () => scorer,
    settings: { latenessMs: 86_400_000, snapshotEveryMs: 60_000, alertLevels: ['REVIEW', 'DECLINE'], ...settings },
  });
  return {
    ...{ scorer, log, metrics },
    stop: async (deadlineMs = 5_000) => {
      await workers.close(deadlineMs);
      await bus.close();
      await pool.end();
    },
  };
}

/** A JSON answer of any kind, by the fields that tests look at. */
export interface Answer {
  readonly transaction_id: string;
  readonly status: string;
  readonly decision: string;
  readonly model_version: string;
  readonly late: boolean;
  readonly received_at: string;
  readonly url: string;
  readonly fraud: boolean;
  readonly code: string;
  readonly findings: readonly { readonly field: string }[];
  readonly transactions: readonly Answer[];
}

export interface ApiProcess {
  readonly url: string;
  readonly pool: Pool;
  readonly bus: StageBus;
  readonly security: SecurityManager;
  readonly log: string[];
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly revoke: (keyId: string) => Promise<boolean>;
  newKey(clientId: string, scopes?: readonly Scope[]): Promise<{ readonly keyId: string; readonly text: string }>;
  /** As client `acme`. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  post(
    body: unknown,
    query?: string,
  ): Promise<{ readonly status: number; readonly body: Answer; readonly headers: Headers }>;
  get(path: string): Promise<{ readonly status: number; readonly body: Answer }>;
  stop(): Promise<void>;
}

/** The API as a process of its own would run it. */
export async function startApi(
  ground: Ground,
  settings: { readonly ratePerMinute?: number; readonly maxWaiting?: number; readonly maxStreams?: number } = {},
): Promise<ApiProcess> {
  const log: string[] = [];
  const { pool, bus, security, logger, metrics, partitions } = await openParts(ground, log);
  const keys = createApiKeyStore(pool, serverKey);
  const authenticators = [keyAuthenticator(keys)];
  const accessLog = createAccessLog({ pool, macOf: createRowMac(serverKey), onFailed: () => undefined });
  const guard = createGuard({ authenticators, accessLog, rateLimit: principalRateLimit(100_000) });
  const api = await startTransactionApi({
    ...{ pool, bus, security, logger, metrics, partitions, serverKey, guard },
    recordAudit: createRecordAudit(serverKey),
    isAllowed: stillMay(authenticators),
    settings: { ratePerMinute: 10_000_000, maxWaiting: 10_000, maxStreams: 100, ...settings },
  });
  const app = createApp({
    logger,
    metrics,
    refusedPerMinute: 1_000,
    probes: probeRoutes([], metrics),
    routes: api.routers,
  });
  const listener = await listen(app, { host: '127.0.0.1', port: 0, requestTimeoutMs: 60_000 });
  const newKey = (clientId: string, scopes: readonly Scope[] = ['transactions:read', 'transactions:write']) =>
    keys.create({ clientId, label: '', scopes, allowDeclaredSafe: false });
  const { text: own } = await newKey('acme');
  const call = (path: string, init: RequestInit = {}) =>
    fetch(listener.url + path, {
      ...init,
      headers: { 'X-API-Key': own, 'Content-Type': 'application/json', ...(init.headers as Record<string, string>) },
    });
  return {
    ...{ url: listener.url, pool, bus, security, log, metrics, newKey, fetch: call, revoke: (id) => keys.revoke(id) },
    post: async (body, query = '') => {
      const response = await call(`/api/v1/transactions${query}`, { method: 'POST', body: JSON.stringify(body) });
      return { status: response.status, body: (await response.json()) as Answer, headers: response.headers };
    },
    get: async (path) => {
      const response = await call(path);
      return { status: response.status, body: (await response.json()) as Answer };
    },
    stop: async () => {
      api.endStreams();
      await listener.close(5_000);
      await api.close();
      await accessLog.close();
      await bus.close();
      await pool.end();
    },
  };
}

export function token(): string {
  return `tok_${randomBytes(16).toString('hex')}`;
}

let counter = 0;

/** A transaction of a customer and a terminal of its own. */
export function aTransaction(fields: Partial<Transaction> = {}): Transaction {
  counter++;
  return {
    transaction_id: `t-${process.pid}-${counter}`,
    occurred_at: new Date().toISOString(),
    amount: 25,
    currency: 'EUR',
    customer: token(),
    card: token(),
    terminal: token(),
    ...fields,
  };
}
