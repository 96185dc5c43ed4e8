import { once } from 'node:events';
import { connect } from 'node:net';
import { parseMasterKey } from '@sdp/shared/crypto';
import { expect, it } from 'vitest';
import { startTestDatabase } from '../../../test/support/postgres.ts';
import { createRowMac } from '../../src/audit/index.ts';
import { createPool } from '../../src/database/index.ts';
import {
  createApiKeyStore,
  createApp,
  keyAuthenticator,
  listen,
  principalRateLimit,
  probeRoutes,
} from '../../src/http/index.ts';
import { createAccessLog, createGuard } from '../../src/identity/index.ts';
import { createLogger, createMetrics } from '../../src/observability/index.ts';
import { DecisionStreams } from '../../src/transactions/api/decision-stream.ts';

it('cuts off a client that takes nothing, and leaves others alone', async () => {
  const database = await startTestDatabase();
  const pool = createPool({ dsn: database.dsn, applicationName: 'test' });
  // More than sockets hold: 12,000 decisions of some 2 KB.
  await pool.query(
    `INSERT INTO transaction_decision
     SELECT 'acme', 't-' || i, 'APPROVE', 0, 'm', jsonb_build_array(jsonb_build_object('kind', 'feature', 'code', 'x', 'text', repeat('x', 2000), 'contribution', 0)),
            false, 'champion', null, now(), now(), 0, i FROM generate_series(0, 11999) AS i`,
  );
  const serverKey = parseMasterKey(Buffer.alloc(32, 1).toString('base64url'));
  const keys = createApiKeyStore(pool, serverKey);
  const { text: key } = await keys.create({
    ...{ clientId: 'acme', label: '', scopes: ['transactions:read'], allowDeclaredSafe: false },
  });
  const streams = new DecisionStreams({ pool, partitions: 1, maxStreams: 5, isAllowed: async () => true, slowMs: 300 });
  const [logger, metrics] = [createLogger({ level: 'silent' }), createMetrics()];
  const guard = createGuard({
    authenticators: [keyAuthenticator(keys)],
    accessLog: createAccessLog({ pool, macOf: createRowMac(serverKey), onFailed: () => undefined }),
    rateLimit: principalRateLimit(100_000),
  });
  const routes = [streams.routes(guard)];
  const app = createApp({ logger, metrics, refusedPerMinute: 100, probes: probeRoutes([], metrics), routes });
  const listener = await listen(app, { host: '127.0.0.1', port: 0, requestTimeoutMs: 60_000 });

  const slow = connect(Number(new URL(listener.url).port), '127.0.0.1');
  slow.pause();
  slow.write(`GET /api/v1/transactions/stream HTTP/1.1\r\nHost: a\r\nX-API-Key: ${key}\r\nLast-Event-ID: 0\r\n\r\n`);
  await expect.poll(() => streams.size).toBe(1);
  const reader = await fetch(`${listener.url}/api/v1/transactions/stream`, {
    headers: { 'X-API-Key': key, 'Last-Event-ID': '0' },
  });
  let seen = 0;
  for await (const chunk of reader.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    seen += chunk.split('event: decision').length - 1;
    if (seen >= 11_900) break;
  }
  expect(seen).toBeGreaterThanOrEqual(11_900);
  await expect.poll(() => streams.size, { timeout: 5_000 }).toBe(0);
  slow.resume();
  await once(slow, 'close');

  streams.close();
  await listener.close(1_000);
  await pool.end();
  await database.stop();
}, 60_000);
