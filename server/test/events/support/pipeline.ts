import type { Event } from '@sdp/shared/contracts';
import { parseMasterKey } from '@sdp/shared/crypto';
import { KeyRing, SecurityManager, type StageBus } from '@sdp/shared/messaging';
import { createRecordAudit, createRowMac } from '../../../src/audit/index.ts';
import { EmbeddedBus } from '../../../src/bus/index.ts';
import { createPool, type Pool } from '../../../src/database/index.ts';
import {
  ensureEventPartitions,
  eventStreamPath,
  eventTopics,
  startEventApi,
  startEventWorkers,
} from '../../../src/events/index.ts';
import {
  type ApiKeyStore,
  createApiKeyStore,
  createApp,
  keyAuthenticator,
  listen,
  principalRateLimit,
  probeRoutes,
} from '../../../src/http/index.ts';
import { createAccessLog, createGuard, type Role, type Scope, stillMay } from '../../../src/identity/index.ts';
import { createLiveStreamMetrics, type LiveStreamSettings } from '../../../src/live-streams/index.ts';
import { createLogger, createMetrics } from '../../../src/observability/index.ts';
import { type DataKeyRing, openDataKeyRing } from '../../../src/records/index.ts';
import { messageKeys } from '../../../src/settings/index.ts';

export const serverKey = parseMasterKey(Buffer.alloc(32, 7).toString('base64url'));
export const security = new SecurityManager({ keys: new KeyRing(messageKeys({ generation: 1 }, serverKey)) });

/** What all processes of one test share. */
export interface Ground {
  readonly dsn: string;
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
  for (const topic of Object.values(eventTopics)) await bus.ensureTopic(topic, partitions);
  const logger = createLogger({ level: 'debug', destination: { write: (line: string) => void log.push(line) } });
  return { pool, bus, logger, metrics: createMetrics(), keyRing: await openDataKeyRing(pool, serverKey) };
}

export interface StoreProcess {
  readonly log: string[];
  readonly pool: Pool;
  readonly metrics: ReturnType<typeof createMetrics>;
  stop(deadlineMs?: number): Promise<void>;
}

/** The event store as a process of its own would run it. */
export async function startStore(ground: Ground): Promise<StoreProcess> {
  const log: string[] = [];
  const { pool, bus, logger, metrics, keyRing } = await openParts(ground, log);
  await ensureEventPartitions(pool);
  const workers = await startEventWorkers({
    ...{ pool, keyRing, metrics, logger, repeatMs: 3_600_000 },
    secure: { bus, security, logger },
  });
  return {
    ...{ log, pool, metrics },
    stop: async (deadlineMs = 5_000) => {
      await workers.close(deadlineMs);
      await bus.close();
      await pool.end();
    },
  };
}

export interface EventApiProcess {
  readonly url: string;
  readonly pool: Pool;
  readonly bus: StageBus;
  readonly log: string[];
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly keyRing: DataKeyRing;
  readonly keys: ApiKeyStore;
  /** Of client `acme`. */
  readonly ownKey: string;
  newKey(owner: { clientId?: string; role?: Role; tenants?: '*' }, scopes?: readonly Scope[]): Promise<string>;
  /** As client `acme`, unless the headers say otherwise. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  post(body: unknown, type?: string, headers?: Readonly<Record<string, string>>): Promise<Answered>;
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answered>;
  stop(): Promise<void>;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers of any kind, by the fields that tests look at
  readonly body: any;
  readonly text: string;
}

/** The API as a process of its own would run it. */
export async function startApi(
  ground: Ground,
  settings: { readonly ratePerMinute?: number; readonly maxRequests?: number; readonly maxBacklog?: number } = {},
  streamTimes: Pick<LiveStreamSettings, 'slowMs' | 'heartbeatMs' | 'checkMs'> = {},
): Promise<EventApiProcess> {
  const log: string[] = [];
  const { pool, bus, logger, metrics, keyRing } = await openParts(ground, log);
  const keys = createApiKeyStore(pool, serverKey);
  const accessLog = createAccessLog({ pool, macOf: createRowMac(serverKey), onFailed: () => undefined });
  const authenticators = [keyAuthenticator(keys)];
  const guard = createGuard({
    authenticators,
    accessLog,
    rateLimit: principalRateLimit(100_000),
  });
  const api = await startEventApi({
    ...{ logger, recordAudit: createRecordAudit(serverKey) },
    ...{
      pool,
      bus,
      keyRing,
      metrics,
      streams: {
        ...{ guard, maxStreams: 50, isAllowed: stillMay(authenticators), ...streamTimes },
        metrics: createLiveStreamMetrics(metrics.registry),
      },
      messaging: { security, publisher: { maxRetries: 1 } },
      maxStreamBytes: 1024 * 1024 * 1024,
    },
    settings: { ratePerMinute: 100_000_000, maxRequests: 100, maxBacklog: 1_000_000, ...settings },
  });
  const app = createApp({
    ...{ logger, metrics, refusedPerMinute: 1_000, probes: probeRoutes([], metrics), routes: api.routers },
  });
  const listener = await listen(app, {
    host: '127.0.0.1',
    port: 0,
    requestTimeoutMs: 60_000,
    webSocketPaths: [eventStreamPath],
  });
  const newKey: EventApiProcess['newKey'] = async (owner, scopes = ['events:read', 'events:write']) =>
    (await keys.create({ ...owner, label: '', scopes, allowDeclaredSafe: false } as never)).text;
  const own = await newKey({ clientId: 'acme' });
  const call = (path: string, init: RequestInit = {}) =>
    fetch(listener.url + path, { ...init, headers: { 'X-API-Key': own, ...(init.headers as Record<string, string>) } });
  const answered = async (response: Response): Promise<Answered> => {
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: JSON.parse(text) };
  };
  return {
    ...{ url: listener.url, pool, bus, log, metrics, keyRing, keys, ownKey: own, newKey, fetch: call },
    post: async (body, type = 'application/json', headers = {}) => {
      const bytes = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
      const init = {
        method: 'POST',
        body: bytes as NonNullable<RequestInit['body']>,
        headers: { 'Content-Type': type, ...headers },
      };
      return answered(await call('/api/v1/events', init));
    },
    get: async (path, headers = {}) => answered(await call(path, { headers })),
    stop: async () => {
      await api.endStreams();
      await listener.close(5_000);
      await api.close();
      await accessLog.close();
      await bus.close();
      await pool.end();
    },
  };
}

export const ndjson = (events: readonly unknown[]) => events.map((event) => `${JSON.stringify(event)}\n`).join('');

let counter = 0;

export function aLog(fields: Partial<Extract<Event, { type: 'log' }>> = {}): Extract<Event, { type: 'log' }> {
  counter++;
  return {
    type: 'log',
    event_id: `log-${process.pid}-${counter}`,
    at: new Date().toISOString(),
    level: 'INFO',
    message: 'request done in 12 ms',
    source: 'checkout',
    ...fields,
  };
}

export function aMetric(fields: Partial<Extract<Event, { type: 'metric' }>> = {}): Extract<Event, { type: 'metric' }> {
  counter++;
  return {
    type: 'metric',
    event_id: `metric-${process.pid}-${counter}`,
    at: new Date().toISOString(),
    host: 'web-1',
    metrics: { cpu_percent: 12.5, latency_ms: 80 },
    ...fields,
  };
}

export function aPayment(
  fields: Partial<Extract<Event, { type: 'transaction' }>> = {},
): Extract<Event, { type: 'transaction' }> {
  counter++;
  return {
    type: 'transaction',
    event_id: `payment-${process.pid}-${counter}`,
    at: new Date().toISOString(),
    user_id: 'tok_00112233445566778899aabbccddeeff',
    amount: 25.5,
    currency: 'EUR',
    ...fields,
  };
}

/** All that a client can read, page by page. */
export async function allEvents(api: EventApiProcess, query = '', headers = {}): Promise<Event[]> {
  const events: Event[] = [];
  let cursor = '';
  for (;;) {
    const { body } = await api.get(`/api/v1/events?limit=500${query}${cursor}`, headers);
    events.push(...body.events);
    if (body.next_cursor === null) return events;
    cursor = `&cursor=${body.next_cursor}`;
  }
}
