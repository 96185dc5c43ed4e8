import { batchSchema, devProcessResponseSchema, resultsResponseSchema } from '@sdp/shared/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { csvHeaders, type RunningServer, startServer, untilFinal } from '../support/running-server.ts';

let server: RunningServer;
let batchId: string;
const count = 600;

beforeAll(async () => {
  server = await startServer({ roles: ['anomaly', 'anonymization'] });
});
afterAll(() => server.stop());
beforeEach(async () => {
  const rows = Array.from({ length: count }, (_, i) => `${i === 0 ? '"=1+1"' : `tok_${i}`},${i % 7},${i % 11}`);
  batchId = await upload(`id,n,m\n${rows.join('\n')}\n`);
  expect(await untilFinal(server, batchId)).toBe('PROCESSED');
});

async function upload(body: string, headers: Record<string, string> = csvHeaders): Promise<string> {
  const response = await server.fetch('/api/v1/process', { method: 'POST', body, headers });
  return ((await response.json()) as { batch_id: string }).batch_id;
}

const results = (query = '', headers: Record<string, string> = {}) =>
  server.fetch(`/api/v1/results/${batchId}${query}`, { headers });

describe('GET /api/v1/results/{batch_id}', () => {
  it('gives JSON that fits the contract, one result a record, in order', async () => {
    const response = await results();
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    const body = resultsResponseSchema.parse(await response.json());
    expect(body).toMatchObject({ batch_id: batchId, record_count: count, processing_type: 'anomaly_detection' });
    expect(body.results.map(({ seq }) => seq)).toEqual(Array.from({ length: count }, (_, i) => i + 1));
    expect(body.results[1]?.key).toBe('tok_1');
  });

  it('gives NDJSON with the same results', async () => {
    const response = await results('', { Accept: 'application/x-ndjson' });
    expect(response.headers.get('content-type')).toContain('application/x-ndjson');
    const lines = (await response.text()).trimEnd().split('\n');
    const json = (await (await results()).json()) as { results: unknown[] };
    expect(lines.map((line) => JSON.parse(line))).toEqual(json.results);
  });

  it('gives CSV in which no cell is a formula', async () => {
    const response = await results('?format=csv', { Accept: 'application/json' });
    const lines = (await response.text()).trimEnd().split('\r\n');
    expect(lines).toHaveLength(count + 1);
    expect(lines[0]).toBe('seq,key,status,score,is_anomaly,columns,rules');
    expect(lines[1]).toMatch(/^1,'=1\+1,scored,/);
  });

  it.each([
    ['?format=xml', {}],
    ['', { Accept: 'text/html' }],
  ])('refuses formats that it does not have: %s %o', async (query, headers) => {
    const response = await results(query, headers as Record<string, string>);
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([406, 'not-acceptable']);
  });

  it('says that results are not there yet, and that a batch failed', async () => {
    await server.platform.pool.query("UPDATE processing_batch SET status = 'PROCESSING' WHERE batch_id = $1", [
      batchId,
    ]);
    const early = await results();
    expect(early.status).toBe(409);
    expect(early.headers.get('retry-after')).toBe('2');
    expect(await early.json()).toMatchObject({ code: 'results-not-ready' });

    const headers = { ...csvHeaders, 'X-SDP-Processing-Type': 'anonymization' };
    batchId = await upload('id,n\na,1\n', {
      ...headers,
      'X-SDP-Params': '%7B%22quasi_identifiers%22%3A%5B%22x%22%5D%2C%22k%22%3A2%7D',
    });
    expect(await untilFinal(server, batchId)).toBe('FAILED');
    const failed = await results();
    expect([failed.status, ((await failed.json()) as { code: string }).code]).toEqual([409, 'batch-failed']);
    const batch = batchSchema.parse(await (await server.fetch(`/api/v1/batches/${batchId}`)).json());
    expect(batch.reason?.code).toBe('batch-unprocessable');
  });

  it('keeps to the pace of a reader and survives one that leaves', async () => {
    const response = await results('?format=ndjson');
    await response.body?.cancel();
    expect((await results()).status).toBe(200);
  });
});

describe('what was tampered with is never served', () => {
  const changes: [what: string, sql: string][] = [
    [
      'a result',
      'UPDATE processed_result SET payload = set_byte(payload, 60, get_byte(payload, 60) # 1) WHERE batch_id = $1 AND seq = 64',
    ],
    ['the last result gone', `DELETE FROM processed_result WHERE batch_id = $1 AND seq = ${count}`],
    ['a result of another seq', 'UPDATE processed_result SET seq = seq + 100000 WHERE batch_id = $1 AND seq = 70'],
    ['the client', 'UPDATE processing_batch SET params = \'{"seed":1}\' WHERE batch_id = $1'],
    ['the columns', "UPDATE processing_batch SET columns = ARRAY['m','n','id'] WHERE batch_id = $1"],
    ['the key column', 'UPDATE processing_batch SET key_index = 1 WHERE batch_id = $1'],
    ['the count', 'UPDATE processing_batch SET record_count = record_count - 1 WHERE batch_id = $1'],
    [
      'the number processed',
      'UPDATE processing_batch SET processed_records = processed_records - 64 WHERE batch_id = $1',
    ],
    ['the counts', 'UPDATE processing_batch SET counts = \'{"scored":1}\' WHERE batch_id = $1'],
    ['the model version', "UPDATE processing_batch SET model_version = 'other' WHERE batch_id = $1"],
    ['the state', "UPDATE processing_batch SET status = 'FAILED' WHERE batch_id = $1"],
    ['the type', "UPDATE processing_batch SET processing_type = 'risk_scoring' WHERE batch_id = $1"],
  ];
  it.each(changes)('%s', async (_what, sql) => {
    expect((await server.platform.pool.query(sql, [batchId])).rowCount).toBeGreaterThan(0);
    for (const format of ['json', 'csv', 'ndjson']) {
      const response = await results(`?format=${format}`);
      const text = await response.text();
      expect([response.status, JSON.parse(text).code]).toEqual([409, 'record-tampered']);
      expect(text).not.toContain('tok_');
    }
  });
});

describe('POST /dev/process-batch/{batch_id}', () => {
  it('processes at once, without a key from this machine', async () => {
    const response = await fetch(`${server.url}/dev/process-batch/${batchId}`, { method: 'POST' });
    expect(devProcessResponseSchema.parse(await response.json())).toMatchObject({ processed_records: count });
  });

  it('is not there outside dev', async () => {
    const production = await startServer({ roles: ['anomaly'], environment: { SDP_ENV: 'production' } });
    try {
      const response = await production.fetch(`/dev/process-batch/${batchId}`, { method: 'POST' });
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ code: 'not-found' });
    } finally {
      await production.stop();
    }
  });
});
