import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'csv-parse/sync';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../scripts/demo/server-process.ts';
import { mergeArgs, tokenizeCustomers, uploadArgs } from '../support/customers.ts';
import { Product } from '../support/product.ts';

const rows = 4_000;

describe('what the server accepted is processed, whatever happens to it', () => {
  const product = Product.create();
  let port: number;

  beforeAll(async () => {
    port = await freePort();
    // Databases are made once, not while a test counts milliseconds.
    await (await product.startServer({ port })).stop();
  });
  afterEach(() => product.stop());
  afterAll(() => product.remove());

  const url = () => `http://127.0.0.1:${port}`;

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

  // Each a random moment of its window: reading the body, storing it, handing it over, processing, after the end.
  it.each([
    [1, 400, 700],
    [2, 700, 1_000],
    [3, 1_000, 1_500],
    [4, 1_500, 2_500],
  ])(
    'kill -9 (%i): the client goes on by itself once the server is back',
    { timeout: 90_000 },
    async (number, from, to) => {
      const name = `killed${number}`;
      await tokenizeCustomers(product, name, rows);
      const server = await product.startServer({ port });
      const afterMs = from + Math.random() * (to - from);
      const upload = product.sdp([...uploadArgs(product, url(), `${name}.tok.csv`), '--wait', '--json']);
      await sleep(afterMs);
      server.kill('SIGKILL');
      await server.ended;
      await product.startServer({ port });
      const run = await upload;
      expect({ afterMs, status: run.status, stderr: run.stderr }).toMatchObject({ status: 0 });
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

  it('SIGTERM while an upload comes in: the client is told, tries again, and succeeds', {
    timeout: 90_000,
  }, async () => {
    const name = 'refused';
    await tokenizeCustomers(product, name, rows);
    const server = await product.startServer({ port });
    const upload = product.sdp([...uploadArgs(product, url(), `${name}.tok.csv`), '--wait', '--json']);
    await sleep(500 + Math.random() * 500);
    expect(await server.stop()).toBe(0);
    await product.startServer({ port });
    const run = await upload;
    expect({ status: run.status, stderr: run.stderr }).toMatchObject({ status: 0 });
    await expectProcessedOnce(name, String((JSON.parse(run.stdout) as { batch_id: string }).batch_id));
  });
});
