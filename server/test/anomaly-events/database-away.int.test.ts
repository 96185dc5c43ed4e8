import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { startTcpProxy, type TcpProxy } from '../../../test/support/tcp-proxy.ts';
import { writeAnomalies } from '../../src/anomaly-events/index.ts';
import { createPool, type Pool, withTransaction } from '../../src/database/index.ts';
import { sampleFinding } from './sample-finding.ts';
import { openEvents, openSocket } from './stream-reader.ts';
import { type StreamServer, startStreamServer } from './stream-server.ts';

let database: TestDatabase;
let proxy: TcpProxy;
let pool: Pool;
let server: StreamServer;
beforeAll(async () => {
  database = await startTestDatabase();
  pool = createPool({ dsn: database.dsn, applicationName: 'test' });
  const dsn = new URL(database.dsn);
  proxy = await startTcpProxy({ host: dsn.hostname, port: Number(dsn.port) });
  dsn.hostname = '127.0.0.1';
  dsn.port = String(proxy.port);
  server = await startStreamServer(dsn.href, { checkMs: 100, heartbeatMs: 200 });
});
afterAll(async () => {
  await server.close();
  await proxy.close();
  await pool.end();
  await database.stop();
});

it('streams outlast a database that is away, and then show what they have not shown', async () => {
  const readers = [
    await openEvents(server.url, { 'X-API-Key': server.key }),
    await openSocket(server.url, { 'X-API-Key': server.key }),
  ];
  const written: string[] = [];
  const write = async () => {
    const finding = sampleFinding({ dedupeKey: `k${written.length}`, alertType: `type-${written.length}` });
    written.push(finding.alertType);
    await withTransaction(pool, (tx) => writeAnomalies(tx, [finding]));
  };
  await write();
  for (const reader of readers) await expect.poll(() => reader.seen.length).toBe(1);
  for (let round = 0; round < 2; round++) {
    proxy.cut();
    // Somebody else still reaches it.
    for (let n = 0; n < 3; n++) await write();
    await sleep(700);
    expect(server.streams.size).toBe(2);
    proxy.restore();
    for (const reader of readers) {
      await expect.poll(() => reader.seen.length, { timeout: 10_000 }).toBe(written.length);
    }
  }
  for (const reader of readers) {
    expect(reader.seen.map(({ data }) => data.anomaly.alert_type)).toEqual(written);
    reader.stop();
  }
}, 30_000);
