import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { parseMasterKey } from '@sdp/shared/crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { writeAnomalies } from '../../src/anomaly-events/index.ts';
import { AnomalyStreams, anomalyStreamPath } from '../../src/anomaly-events/stream/anomaly-streams.ts';
import { createRowMac } from '../../src/audit/index.ts';
import { createPool, type Pool, withTransaction } from '../../src/database/index.ts';
import {
  createApiKeyStore,
  createApp,
  type HttpListener,
  keyAuthenticator,
  listen,
  principalRateLimit,
  probeRoutes,
} from '../../src/http/index.ts';
import { createAccessLog, createGuard } from '../../src/identity/index.ts';
import { createLogger, createMetrics } from '../../src/observability/index.ts';
import { sampleFinding } from './sample-finding.ts';
import { openEvents, openSocket } from './stream-reader.ts';

let database: TestDatabase;
let pool: Pool;
let streams: AnomalyStreams;
let listener: HttpListener;
let key: string;
beforeAll(async () => {
  database = await startTestDatabase();
  pool = createPool({ dsn: database.dsn, applicationName: 'test' });
  // More than sockets hold: some 15 MB.
  for (let round = 0; round < 6; round++) {
    const findings = Array.from({ length: 500 }, (_, n) =>
      sampleFinding({ dedupeKey: `k${round}-${n}`, message: 'x'.repeat(4_000) }),
    );
    await withTransaction(pool, (tx) => writeAnomalies(tx, findings));
  }
  const serverKey = parseMasterKey(Buffer.alloc(32, 1).toString('base64url'));
  const keys = createApiKeyStore(pool, serverKey);
  const scopes = ['anomalies:read'] as const;
  key = (await keys.create({ clientId: 'acme', label: '', scopes, allowDeclaredSafe: false })).text;
  const guard = createGuard({
    authenticators: [keyAuthenticator(keys)],
    accessLog: createAccessLog({ pool, macOf: createRowMac(serverKey), onFailed: () => undefined }),
    rateLimit: principalRateLimit(100_000),
  });
  const isAllowed = async () => true;
  const onFailed = () => undefined;
  streams = new AnomalyStreams({ pool, guard, isAllowed, maxStreams: 10, onFailed, slowMs: 300, heartbeatMs: 100 });
  const [logger, metrics] = [createLogger({ level: 'silent' }), createMetrics()];
  const routes = [streams.routes()];
  const app = createApp({ logger, metrics, refusedPerMinute: 100, probes: probeRoutes([], metrics), routes });
  const webSocketPaths = [anomalyStreamPath];
  listener = await listen(app, { host: '127.0.0.1', port: 0, requestTimeoutMs: 60_000, webSocketPaths });
}, 60_000);
afterAll(async () => {
  await streams.close();
  await listener.close(1_000);
  await pool.end();
  await database.stop();
});

const upgradeHeaders = [
  ...['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

function openSlow(headers: readonly string[]): Socket {
  const socket = connect(Number(new URL(listener.url).port), '127.0.0.1');
  socket.pause();
  const lines = [`GET ${anomalyStreamPath}?after=0 HTTP/1.1`, 'Host: a', `X-API-Key: ${key}`, ...headers];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  return socket;
}

it.each([
  ['server-sent events', [], openEvents],
  ['a WebSocket', upgradeHeaders, openSocket],
])(
  'who takes nothing of %s is cut off, and holds back nobody',
  async (_name, headers, open) => {
    const slow = openSlow(headers);
    await expect.poll(() => streams.size).toBe(1);
    const reader = await open(listener.url, { 'X-API-Key': key }, '?after=0');
    await expect.poll(() => reader.seen.length, { timeout: 20_000 }).toBe(3_000);
    await expect.poll(() => streams.size, { timeout: 5_000 }).toBe(1);
    // Nothing happens: the connection is still shown to live.
    const since = Date.now();
    await expect.poll(() => Date.now() - since, { timeout: 5_000 }).toBeGreaterThan(500);
    expect(streams.size).toBe(1);
    reader.stop();
    await expect.poll(() => streams.size).toBe(0);
    slow.resume();
    if (!slow.destroyed) await once(slow, 'close');
  },
  60_000,
);
