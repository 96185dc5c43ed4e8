import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'csv-parse/sync';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../scripts/demo/server-process.ts';
import { mergeArgs, tokenizeCustomers, uploadArgs } from '../support/customers.ts';
import { Product } from '../support/product.ts';
import { type RecordingProxy, startRecordingProxy } from '../support/recording-proxy.ts';

const rows = 20_000;

describe('what the server accepted is processed, whatever happens to it', () => {
  const product = Product.create();
  let port: number;
  let proxy: RecordingProxy;

  beforeAll(async () => {
    port = await freePort();
    proxy = await startRecordingProxy(port);
    // Databases are made once, not while a test counts milliseconds.
    await (await product.startServer({ port })).stop();
  });
  afterEach(() => product.stop());
  afterAll(async () => {
    await proxy.close();
    await product.remove();
  });

  /** One address for the client however often the server starts: a batch's idempotency key and receipt hold it. */
  const url = () => `http://127.0.0.1:${proxy.port}`;
  const uploadsSent = () => proxy.recorded().filter(({ toServer }) => toServer.includes('POST /api/v1/process')).length;

  /** Complete and joined to the right rows; and the same upload again is the same batch. */
  const expectProcessedOnce = async (name: string, batchId: string) => {
    const again = await product.sdpJson([...uploadArgs(product, url(), `${name}.tok.csv`), '--wait']);
    expect(again).toMatchObject({ batch_id: batchId, status: 'PROCESSED', accepted_records: rows });
    const merged = await product.sdpJson([
      ...mergeArgs(url(), batchId, `${name}.csv`, `${name}.merged.csv`),
      '--strict',
    ]);
    expect(merged).toMatchObject({ rows, matched: rows, unmatched_rows: 0, repeated_results: 0 });
    const records = parse(product.read(`${name}.merged.csv`), { columns: true }) as Record<string, string>[];
    expect(records.filter(({ risk_status }) => risk_status === undefined || risk_status === '')).toEqual([]);
    const headers = { 'x-api-key': product.apiKey };
    const { batches } = (await (await fetch(`${url()}/api/v1/batches?limit=100`, { headers })).json()) as {
      batches: { batch_id: string; status: string; accepted_records: number }[];
    };
    expect(batches.filter(({ status }) => status !== 'PROCESSED')).toEqual([]);
    return batches.length;
  };

  /** Looks every few milliseconds until something is so. */
  const until = async (isSo: () => boolean | Promise<boolean>) => {
    for (const deadline = Date.now() + 30_000; !(await isSo()); await sleep(3)) {
      if (Date.now() > deadline) throw new Error('the moment never came');
    }
  };
  const newestStatus = async () => {
    const headers = { 'x-api-key': product.apiKey };
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/batches?limit=1`, { headers });
    const { batches } = (await answer.json()) as { batches: { batch_id: string; status: string }[] };
    return batches[0];
  };

  it.each([
    ['while the upload comes in', 1],
    ['around the moment it is accepted', 2],
    ['once it is accepted', 3],
    ['while it is processed', 4],
  ])(
    'kill -9 %s: the client goes on by itself once the server is back',
    { timeout: 90_000 },
    async (moment, number) => {
      const name = `killed${number}`;
      await tokenizeCustomers(product, name, rows);
      const server = await product.startServer({ port });
      const before = (await newestStatus())?.batch_id;
      const sentBefore = uploadsSent();
      const upload = product.sdp([...uploadArgs(product, url(), `${name}.tok.csv`), '--wait', '--json']);
      const afterMs = Math.random() * { 1: 60, 2: 600, 3: 10, 4: 300 }[number as 1 | 2 | 3 | 4];
      const isAccepted = async (status?: string) => {
        const newest = await newestStatus();
        return newest?.batch_id !== before && newest?.status !== status;
      };
      if (number <= 2) await until(() => uploadsSent() > sentBefore);
      else await until(() => isAccepted(number === 4 ? 'RECEIVED' : undefined));
      await sleep(afterMs);
      server.kill('SIGKILL');
      await server.ended;
      await product.startServer({ port });
      const run = await upload;
      expect({ moment, afterMs, status: run.status, stderr: run.stderr }).toMatchObject({ status: 0 });
      const outcome = JSON.parse(run.stdout) as { batch_id: string };
      expect(outcome).toMatchObject({ status: 'PROCESSED', accepted_records: rows });
      expect(await expectProcessedOnce(name, outcome.batch_id)).toBe(number);
    },
  );

  it('SIGTERM with work in hand: ends in time, leaves no process, and the next start finishes', {
    timeout: 90_000,
  }, async () => {
    const name = 'stopped';
    await tokenizeCustomers(product, name, rows);
    const server = await product.startServer({ port });
    const outcome = await product.sdpJson(uploadArgs(product, url(), `${name}.tok.csv`));
    const started = Date.now();
    expect(await server.stop()).toBe(0);
    // The deadline's default is ten seconds; beyond it the helper would have used force.
    expect(Date.now() - started).toBeLessThan(19_000);
    expect(product.leftovers()).toEqual([]);
    await product.startServer({ port });
    await expectProcessedOnce(name, String(outcome['batch_id']));
  });

  it('kill -9 leaves no database running behind', async () => {
    const server = await product.startServer({ port });
    server.kill('SIGKILL');
    await server.ended;
    for (let waitedMs = 0; product.leftovers().length > 0 && waitedMs < 10_000; waitedMs += 100) await sleep(100);
    expect(product.leftovers()).toEqual([]);
  });

  it('SIGTERM while an upload comes in: it is finished, or the client tries again and succeeds', {
    timeout: 90_000,
  }, async () => {
    const name = 'refused';
    await tokenizeCustomers(product, name, rows);
    const server = await product.startServer({ port });
    const sentBefore = uploadsSent();
    const upload = product.sdp([...uploadArgs(product, url(), `${name}.tok.csv`), '--wait', '--json']);
    await until(() => uploadsSent() > sentBefore);
    await sleep(Math.random() * 100);
    expect(await server.stop()).toBe(0);
    await product.startServer({ port });
    const run = await upload;
    expect({ status: run.status, stderr: run.stderr }).toMatchObject({ status: 0 });
    await expectProcessedOnce(name, String((JSON.parse(run.stdout) as { batch_id: string }).batch_id));
  });
});
