import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { problemSchema, processResponseSchema } from '@sdp/shared/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readRecords } from '../../src/records/index.ts';
import { bootstrapApiKey, csvHeaders, type RunningServer, startServer, storedRows } from '../support/running-server.ts';

let server: RunningServer;
beforeAll(async () => {
  server = await startServer({
    environment: {
      SDP_MAX_BODY_BYTES: '20000000',
      SDP_MAX_JSON_BODY_BYTES: '1000000',
      SDP_MAX_RECORDS: '5000',
      SDP_MAX_COLUMNS: '20',
      SDP_MAX_CELL_BYTES: '10000',
    },
  });
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.platform.pool.query('TRUNCATE processing_batch, tokenized_record, upload_key, outbox');
});

async function send(body: RequestInit['body'], headers: Record<string, string> = csvHeaders, path = '/api/v1/process') {
  const response = await server.fetch(path, { method: 'POST', ...(body != null && { body }), headers, duplex: 'half' });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

async function stored(batchId: unknown) {
  const batch = await server.platform.store.load(String(batchId));
  if (!batch) throw new Error('not stored');
  const rows = [];
  const scope = await server.platform.store.scopeOf(batch);
  for await (const chunk of readRecords(server.platform.pool, scope, batch.recordCount)) rows.push(...chunk.rows);
  return { batch, rows };
}

async function expectNothingStored() {
  const { bus_log: _published, ...rows } = await storedRows(server);
  expect(rows).toEqual({ processing_batch: 0, tokenized_record: 0, processed_result: 0, upload_key: 0, outbox: 0 });
}

const ndjsonHeaders = { ...csvHeaders, 'Content-Type': 'application/x-ndjson' };
const jsonHeaders = { 'Content-Type': 'application/json' };

describe('POST /api/v1/process stores', () => {
  it('JSON, types and all', async () => {
    const records = [
      { id: 'tok_1', amount: 12.5, ok: true, note: null },
      { id: 'tok_2', amount: -3, extra: 'é"\\' },
    ];
    const { status, body } = await send(
      JSON.stringify({ client_id: 'acme', processing_type: 'anomaly_detection', records }),
      jsonHeaders,
    );
    expect(status).toBe(200);
    expect(processResponseSchema.parse(body)).toMatchObject({ accepted_records: 2, status: 'RECEIVED' });
    const { batch, rows } = await stored(body['batch_id']);
    expect(batch).toMatchObject({ clientId: 'acme', columns: ['id', 'amount', 'ok', 'note', 'extra'], keyIndex: 0 });
    expect(rows).toEqual([
      ['tok_1', 12.5, true, null],
      ['tok_2', -3, undefined, undefined, 'é"\\'],
    ]);
  });

  it('CSV with quotes, CRLF, a BOM and line breaks in cells', async () => {
    const { body } = await send('\ufeffid,note\r\na,"x ""y"", z"\r\nb,"two\r\nlines"\r\n"c",\r\n');
    const { rows, batch } = await stored(body['batch_id']);
    expect(batch.columns).toEqual(['id', 'note']);
    expect(rows).toEqual([
      ['a', 'x "y", z'],
      ['b', 'two\r\nlines'],
      ['c', ''],
    ]);
  });

  it('NDJSON whose records differ, with metadata in the query', async () => {
    const { body } = await send(
      '{"id":"a","n":1}\n\n{ "n": 2, "id": "b" }\r\n{"id":"c","late":"x"}',
      { 'Content-Type': 'application/x-ndjson' },
      `/api/v1/process?processing_type=anonymization&key_column=n&params=${encodeURIComponent('{"quasi_identifiers":["n"],"k":2}')}`,
    );
    const { rows, batch } = await stored(body['batch_id']);
    expect(batch).toMatchObject({ columns: ['id', 'n', 'late'], keyIndex: 1, params: { k: 2 } });
    expect(rows).toEqual([
      ['a', 1],
      ['b', 2],
      ['c', undefined, 'x'],
    ]);
  });

  it.each([
    ['gzip', gzipSync('id,n\na,1\n')],
    ['gzip', Buffer.concat([gzipSync('id,n\n'), gzipSync('a,1\n')])],
    ['zstd', zstdCompressSync('id,n\na,1\n')],
  ])('a body compressed with %s', async (encoding, body) => {
    const answer = await send(body, { ...csvHeaders, 'Content-Encoding': encoding });
    expect(answer.status).toBe(200);
    expect((await stored(answer.body['batch_id'])).rows).toEqual([['a', '1']]);
  });

  it('metadata of any script in percent-encoded headers', async () => {
    const { body } = await send('Kürzel,n\na,1\n', { ...csvHeaders, 'X-SDP-Key-Column': encodeURIComponent('Kürzel') });
    expect((await stored(body['batch_id'])).batch.columns).toEqual(['Kürzel', 'n']);
  });

  it('batch, records and the message to the worker together', async () => {
    await send('id,n\na,1\nb,2\n');
    const { bus_log: published = 0, outbox = 0, ...rows } = await storedRows(server);
    expect(rows).toMatchObject({ processing_batch: 1, tokenized_record: 2 });
    expect(published + outbox).toBeGreaterThan(0);
  });
});

describe('POST /api/v1/process refuses, storing nothing:', () => {
  const cases: [what: string, code: string, body: string | Buffer, headers?: Record<string, string>][] = [
    ['no records in CSV', 'request-invalid', 'id,n\n'],
    ['no records in NDJSON', 'request-invalid', '\n\n', ndjsonHeaders],
    ['an empty body', 'csv-empty', ''],
    ['a ragged row', 'csv-ragged', 'id,n\na,1\nb\n'],
    ['a blank line between rows', 'csv-ragged', 'id,n\na,1\n\nb,2\n'],
    ['an unclosed quote', 'csv-quote', 'id,n\na,"1\n'],
    ['text after a closing quote', 'csv-quote', 'id,n\na,"1"x\n'],
    ['a quote inside a plain cell', 'csv-quote', 'id,n\na,1"2\n'],
    ['a column twice', 'csv-column-ambiguous', 'id,id\na,1\n'],
    ['a column without a name', 'request-invalid', 'id,\na,1\n'],
    ['a key column that is not there', 'csv-column-unknown', 'id,n\na,1\n', { ...csvHeaders, 'X-SDP-Key-Column': 'x' }],
    ['too many columns', 'request-invalid', `${Array.from({ length: 21 }, (_, i) => `c${i}`).join(',')}\n`],
    ['too many records', 'request-invalid', `id\n${'a\n'.repeat(5_001)}`],
    ['a cell too large', 'csv-cell-too-large', `id,n\na,${'x'.repeat(10_001)}\n`],
    ['bytes that are not UTF-8', 'request-malformed', Buffer.from('id,n\na,\xff\n', 'latin1')],
    ['UTF-8 cut short', 'request-malformed', Buffer.from('id,n\na,é').subarray(0, -1)],
    ['an unknown type', 'media-type-unsupported', 'x', { ...csvHeaders, 'Content-Type': 'text/plain' }],
    [
      'an unknown charset',
      'media-type-unsupported',
      'x',
      { ...csvHeaders, 'Content-Type': 'text/csv; charset=utf-16' },
    ],
    ['an unknown encoding', 'media-type-unsupported', 'x', { ...csvHeaders, 'Content-Encoding': 'br' }],
    ['no processing type', 'request-invalid', 'id\na\n', { 'Content-Type': 'text/csv' }],
    ['wrong parameters', 'request-invalid', 'id\na\n', { ...csvHeaders, 'X-SDP-Params': '%7B%22k%22%3A1%7D' }],
    ['parameters that are no JSON', 'request-invalid', 'id\na\n', { ...csvHeaders, 'X-SDP-Params': '%7B' }],
    ['a header that is no percent-encoding', 'request-invalid', 'id\na\n', { ...csvHeaders, 'X-SDP-Params': '%zz' }],
    ['another client', 'not-found', 'id\na\n', { ...csvHeaders, 'X-SDP-Client-Id': 'globex' }],
    ['an idempotency key with blanks', 'request-invalid', 'id\na\n', { ...csvHeaders, 'Idempotency-Key': 'a b' }],
    ['damaged gzip', 'request-malformed', 'no gzip at all', { ...csvHeaders, 'Content-Encoding': 'gzip' }],
    [
      'truncated gzip',
      'request-malformed',
      gzipSync('id\na\nb\n'.repeat(100)).subarray(0, -9),
      { ...csvHeaders, 'Content-Encoding': 'gzip' },
    ],
    [
      'truncated zstd',
      'request-malformed',
      zstdCompressSync('id\na\nb\n'.repeat(100)).subarray(0, -5),
      { ...csvHeaders, 'Content-Encoding': 'zstd' },
    ],
    [
      'a gzip bomb',
      'payload-too-large',
      gzipSync(Buffer.alloc(30_000_000, '\n')),
      { ...ndjsonHeaders, 'Content-Encoding': 'gzip' },
    ],
    [
      'a zstd bomb',
      'payload-too-large',
      zstdCompressSync(Buffer.alloc(30_000_000, '\n')),
      { ...ndjsonHeaders, 'Content-Encoding': 'zstd' },
    ],
    ['JSON larger than its limit', 'payload-too-large', `{"records":[{"a":"${'x'.repeat(1_000_000)}"}]}`, jsonHeaders],
    ['nested values', 'request-invalid', '{"id":{"a":1}}\n', ndjsonHeaders],
    ['arrays as values', 'request-invalid', '{"id":[1]}\n', ndjsonHeaders],
    ['a name twice in a record', 'request-invalid', '{"id":"a","n":1}\n{"id":"b","n":1,"n":2}\n', ndjsonHeaders],
    ['a number with too many digits', 'request-invalid', '{"id":12345678901234567890}\n', ndjsonHeaders],
    ['a number without bounds', 'request-invalid', '{"id":1e999}\n', ndjsonHeaders],
    ['two objects on a line', 'request-malformed', '{"id":1}{"id":2}\n', ndjsonHeaders],
    ['an object over two lines', 'request-malformed', '{"id":1,\n"n":2}\n', ndjsonHeaders],
    ['a line that is no object', 'request-malformed', '{"id":1}\n[2]\n', ndjsonHeaders],
    ['an object without fields', 'request-invalid', '{}\n', ndjsonHeaders],
    ['JSON that ends too early', 'request-malformed', '{"records":[{"a":1}', jsonHeaders],
    ['JSON nested without end', 'request-malformed', `${'['.repeat(100_000)}`, jsonHeaders],
    [
      'JSON nested deeply in a field',
      'request-malformed',
      `{"params":${'['.repeat(100)}${']'.repeat(100)}}`,
      jsonHeaders,
    ],
    ['a field twice in JSON', 'request-invalid', '{"records":[],"records":[{"a":1}]}', jsonHeaders],
    [
      'unknown fields in JSON',
      'request-invalid',
      '{"processing_type":"risk_scoring","records":[{"a":1}],"__proto__":{"x":1}}',
      jsonHeaders,
    ],
    ['records that are no objects', 'request-invalid', '{"processing_type":"risk_scoring","records":[1]}', jsonHeaders],
    [
      'records that are no array',
      'request-invalid',
      '{"processing_type":"risk_scoring","records":{"a":1}}',
      jsonHeaders,
    ],
    [
      'text after the JSON',
      'request-malformed',
      '{"processing_type":"risk_scoring","records":[{"a":1}]} x',
      jsonHeaders,
    ],
  ];
  it.each(cases)('%s', async (_what, code, body, headers) => {
    const answer = await send(body, headers);
    expect(answer.body).toMatchObject({ code, type: `urn:sdp:error:${code}`, status: answer.status });
    expect(problemSchema.parse(answer.body).request_id).toBe(answer.headers.get('x-request-id'));
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    await expectNothingStored();
  });

  it('an upload whose connection breaks', async () => {
    const broken = request(`${server.url}/api/v1/process`, {
      method: 'POST',
      headers: {
        ...csvHeaders,
        'X-API-Key': bootstrapApiKey,
        'Transfer-Encoding': 'chunked',
        'Idempotency-Key': 'k-broken',
      },
    });
    broken.on('error', () => undefined);
    broken.write(`id,n\n${'a,1\n'.repeat(4_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    broken.destroy();
    // The same key can be used at once: the broken upload's claim went with its transaction.
    const again = await send('id,n\nb,2\n', { ...csvHeaders, 'Idempotency-Key': 'k-broken' });
    expect(again.status).toBe(200);
    const rows = await storedRows(server);
    expect(rows).toMatchObject({ processing_batch: 1, tokenized_record: 1, upload_key: 1 });
  });
});

describe('the firewall', () => {
  const card = '4111111111111111';
  it.each([
    ['CSV', `id,n\na,1\nb,${card}\n`, csvHeaders, { field: 'n', row: 2 }],
    ['NDJSON', `{"id":"a"}\n{"id":"b","late":"${card}"}\n`, ndjsonHeaders, { field: 'late', row: 2 }],
    [
      'a JSON number',
      `{"processing_type":"risk_scoring","records":[{"id":"a","n":${card}}]}`,
      jsonHeaders,
      { field: 'n', row: 1 },
    ],
    ['the key column', `id,n\n${card},1\n`, csvHeaders, { field: 'id', row: 1 }],
    ['an escape in JSON', `{"id":"jane\\u0040example.com"}\n`, ndjsonHeaders, { field: 'id', row: 1 }],
  ])('finds raw data in %s, says where and stores nothing', async (_where, body, headers, place) => {
    const answer = await send(body, headers);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ code: 'raw-pii-found', findings: [place] });
    // A random id may hold any digits.
    const { request_id: _, ...said } = answer.body as Record<string, unknown>;
    expect(JSON.stringify(said)).not.toMatch(/4111|jane/);
    await expectNothingStored();
  });

  it('looks at column names, and does not repeat them', async () => {
    const answer = await send('jane@example.com,n\nx,1\n');
    expect(answer.body).toMatchObject({ code: 'raw-pii-found', findings: [{ field: 'column 1' }] });
    expect(JSON.stringify(answer.body)).not.toContain('jane');
  });

  it('looks at metadata', async () => {
    const params = encodeURIComponent('{"quasi_identifiers":["jane@example.com"],"k":2}');
    const answer = await send('id,n\nx,1\n', {
      ...csvHeaders,
      'X-SDP-Processing-Type': 'anonymization',
      'X-SDP-Params': params,
    });
    expect(answer.body).toMatchObject({ code: 'raw-pii-found' });
  });

  it('finds what stands in the last row and in one column of many', async () => {
    const rows = Array.from({ length: 4_000 }, (_, i) => `tok_${i},1`);
    const answer = await send(`id,n\n${rows.join('\n')}\ntok_x,${card}`);
    expect(answer.body).toMatchObject({ code: 'raw-pii-found', findings: [{ field: 'n', row: 4_001 }] });
    await expectNothingStored();
  });

  it('logs the refusal without a value or a column name', async () => {
    server.log.length = 0;
    await send(`id,secretcolumn\na,${card}\n`);
    const line = server.log.find((each) => each.includes('batch refused: raw personal data'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({ level: 'warn', detector: 'payment-card', firstRows: [1] });
    expect(server.log.join('')).not.toMatch(/4111|secretcolumn/);
  });

  describe('and columns declared safe', () => {
    const declaration = encodeURIComponent('{"source":"user","declared_safe":["mail"]}');
    const withDeclaration = { ...csvHeaders, 'X-SDP-Declaration': declaration };
    let trusted: string;
    beforeAll(async () => {
      const key = { clientId: 'acme', label: 'trusted', scopes: ['batches:write'] as const, allowDeclaredSafe: true };
      trusted = (await server.keys.create({ ...key, scopes: [...key.scopes] })).text;
    });

    it('are not believed of a key whose policy does not allow it', async () => {
      expect((await send('id,mail\na,x@example.com\n', withDeclaration)).body).toMatchObject({ code: 'raw-pii-found' });
    });

    it('are believed of one whose policy does, and kept with the batch', async () => {
      const answer = await send('id,mail\na,x@example.com\n', { ...withDeclaration, 'X-API-Key': trusted });
      expect(answer.status).toBe(200);
      expect((await stored(answer.body['batch_id'])).batch.declaredSafe).toEqual(['mail']);
    });

    it('never for what a checksum proves, nor for other columns', async () => {
      for (const body of [`id,mail\na,${card}\n`, 'id,mail\nx@example.com,b\n']) {
        const answer = await send(body, { ...withDeclaration, 'X-API-Key': trusted });
        expect(answer.body).toMatchObject({ code: 'raw-pii-found' });
      }
    });
  });
});

describe('idempotency', () => {
  const keyed = (key: string, more = {}) => ({ ...csvHeaders, 'Idempotency-Key': key, ...more });

  it('answers the same content with the same batch, however it is compressed', async () => {
    const key = randomUUID();
    const first = await send('id,n\na,1\n', keyed(key));
    const second = await send('id,n\na,1\n', keyed(key));
    const third = await send(gzipSync('id,n\na,1\n'), keyed(key, { 'Content-Encoding': 'gzip' }));
    expect(second.body).toEqual(first.body);
    expect(third.body).toEqual(first.body);
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(await storedRows(server)).toMatchObject({ processing_batch: 1, tokenized_record: 1 });
  });

  it.each([
    ['content', 'id,n\na,2\n', {}],
    ['metadata', 'id,n\na,1\n', { 'X-SDP-Key-Column': 'n' }],
  ])('refuses other %s under the same key', async (_what, body, headers) => {
    const key = randomUUID();
    await send('id,n\na,1\n', keyed(key));
    const other = await send(body, keyed(key, headers));
    expect(other).toMatchObject({ status: 409, body: { code: 'idempotency-conflict' } });
  });

  it('lets each client have its own keys', async () => {
    const { text } = await server.keys.create({
      clientId: 'globex',
      label: '',
      scopes: ['batches:write'],
      allowDeclaredSafe: false,
    });
    const key = randomUUID();
    const ours = await send('id,n\na,1\n', keyed(key));
    const theirs = await send('id,n\na,1\n', keyed(key, { 'X-API-Key': text }));
    expect(theirs.status).toBe(200);
    expect(theirs.body['batch_id']).not.toBe(ours.body['batch_id']);
  });

  it('stores once when the same upload comes several times at once', async () => {
    const key = randomUUID();
    const body = `id,n\n${Array.from({ length: 2_000 }, (_, i) => `a${i},1`).join('\n')}\n`;
    const answers = await Promise.all(Array.from({ length: 4 }, () => send(body, keyed(key))));
    expect(new Set(answers.map((answer) => answer.body['batch_id'])).size).toBe(1);
    expect(answers.filter((answer) => answer.headers.get('idempotency-replayed') === null)).toHaveLength(1);
    expect(await storedRows(server)).toMatchObject({ processing_batch: 1, tokenized_record: 2_000 });
  });

  it('gives a key free again when its upload was refused', async () => {
    const key = randomUUID();
    expect((await send('id,n\na\n', keyed(key))).status).toBe(422);
    expect((await send('id,n\na,1\n', keyed(key))).status).toBe(200);
  });
});

describe('while the bus does not keep up', () => {
  const relayLock = 7_270_738;

  it('answers 503 and says when to try again, and takes batches again afterwards', async () => {
    const blocker = await server.platform.pool.connect();
    try {
      await blocker.query('BEGIN');
      await blocker.query('SELECT pg_advisory_xact_lock($1)', [relayLock]);
      await server.platform.pool.query(
        `INSERT INTO outbox (topic, key, value, created_at) VALUES ('batch.anomaly_detection', 'k', '', now() - interval '1 hour')`,
      );
      // What is known of the outbox may be a second old.
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      const refused = await send('id,n\na,1\n');
      expect(refused).toMatchObject({ status: 503, body: { code: 'server-busy' } });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      await server.platform.pool.query('DELETE FROM outbox');
      await blocker.query('ROLLBACK');
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      expect((await send('id,n\na,1\n')).status).toBe(200);
    } finally {
      await blocker.query('ROLLBACK');
      blocker.release();
    }
  });
});
