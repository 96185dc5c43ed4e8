import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { writeAnomalies } from '../../src/anomaly-events/index.ts';
import { createPool, withTransaction } from '../../src/database/index.ts';
import { sampleFinding } from './sample-finding.ts';
import { openEvents, openSocket } from './stream-reader.ts';
import { type StreamServer, startStreamServer } from './stream-server.ts';

let database: TestDatabase;
let server: StreamServer;
beforeAll(async () => {
  database = await startTestDatabase();
  const pool = createPool({ dsn: database.dsn, applicationName: 'test' });
  // More than sockets hold: some 12 MB.
  const findings = Array.from({ length: 1_500 }, (_, n) =>
    sampleFinding({ dedupeKey: `k${n}`, message: 'x'.repeat(8_000) }),
  );
  await withTransaction(pool, (tx) => writeAnomalies(tx, findings));
  await pool.end();
  server = await startStreamServer(database.dsn, { slowMs: 300, heartbeatMs: 100 });
}, 60_000);
afterAll(async () => {
  await server.close();
  await database.stop();
});

const upgradeHeaders = [
  ...['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

function openSlow(headers: readonly string[]): Socket {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.pause();
  const lines = ['GET /api/v1/anomalies/stream?after=0 HTTP/1.1', 'Host: a', `X-API-Key: ${server.key}`, ...headers];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  return socket;
}

it.each([
  ['server-sent events', [], openEvents],
  ['a WebSocket', upgradeHeaders, openSocket],
])(
  'who takes nothing of %s is cut off, and holds back nobody',
  async (_name, headers, open) => {
    const { streams } = server;
    const slow = openSlow(headers);
    await expect.poll(() => streams.size).toBe(1);
    const reader = await open(server.url, { 'X-API-Key': server.key }, '?after=0');
    await expect.poll(() => reader.seen.length, { timeout: 20_000 }).toBe(1_500);
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
