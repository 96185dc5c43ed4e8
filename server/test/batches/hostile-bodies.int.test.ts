import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasTestData, readTestJson, testDataPath } from '../../../test/support/test-data.ts';
import { readNdjson } from '../../src/batches/ingest/read-records.ts';
import { ColumnDictionary } from '../../src/batches/ingest/record-sink.ts';
import { readRecords } from '../../src/records/index.ts';
import { csvHeaders, type RunningServer, startServer } from '../support/running-server.ts';

const parsingFolder = 'json-testsuite/test_parsing';
const limits = { maxRecords: 10, maxColumns: 10, maxCellLength: 1_000_000, maxRecordLength: 1_000_000 };

describe.skipIf(!hasTestData(parsingFolder))('with the JSON test suite of SDP_TEST_DATA', () => {
  const files = hasTestData(parsingFolder)
    ? readdirSync(testDataPath(parsingFolder)).filter((name) => name.endsWith('.json'))
    : [];
  let server: RunningServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.stop());

  it('answers every body with a refusal or a batch, never with a failure', async () => {
    expect(files.length).toBeGreaterThan(150);
    const send = async (body: Buffer, headers: Record<string, string>) => {
      const response = await server.fetch('/api/v1/process', { method: 'POST', body: new Uint8Array(body), headers });
      await response.text();
      return response.status;
    };
    const wrapped = (content: Buffer) =>
      Buffer.concat([
        Buffer.from('{"processing_type":"anomaly_detection","records":[{"id":'),
        content,
        Buffer.from('}]}'),
      ]);
    for (const name of files) {
      const content = readFileSync(testDataPath(parsingFolder, name));
      const statuses = [
        await send(content, { 'Content-Type': 'application/json' }),
        await send(wrapped(content), { 'Content-Type': 'application/json' }),
        await send(content, { ...csvHeaders, 'Content-Type': 'application/x-ndjson' }),
        await send(content, csvHeaders),
      ];
      for (const status of statuses) expect([200, 400, 413, 422], `${name}: ${statuses}`).toContain(status);
      // `records` of a well-formed request with a malformed value in it is never taken.
      if (name.startsWith('n_')) expect(statuses[1], name).not.toBe(200);
    }
    const errors = server.log.filter((line) => JSON.parse(line).level === 'error');
    expect(errors).toEqual([]);
  });

  it.each(files)('reads as JSON.parse does, or refuses: %s', async (name) => {
    const bytes = Buffer.concat([
      Buffer.from('{"v":'),
      readFileSync(testDataPath(parsingFolder, name)),
      Buffer.from('}'),
    ]);
    let expected: { v: unknown } | undefined;
    try {
      expected = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    } catch {
      // Not JSON, or not UTF-8: must be refused.
    }
    const entries: string[] = [];
    const reading = readNdjson(
      (async function* () {
        yield bytes;
      })(),
      new ColumnDictionary(10),
      limits,
      ({ entry }) => void entries.push(entry),
    );
    const isScalar = expected !== undefined && (expected.v === null || typeof expected.v !== 'object');
    const taken = await reading.then(
      () => true,
      () => false,
    );
    if (!isScalar) expect(taken).toBe(false);
    else if (taken) expect(JSON.parse(entries[0] ?? '')).toEqual([expected?.v]);
    // What is refused although it is a scalar loses digits, or stands over several lines.
    else expect(/\d{16}|[eE]|\n/.test(bytes.toString('latin1'))).toBe(true);
  });
});

describe.skipIf(!hasTestData('json-blns/blns.json'))('with the naughty strings of SDP_TEST_DATA', () => {
  it('keeps every one of them through JSON, NDJSON and CSV', async () => {
    const strings = readTestJson('json-blns', 'blns.json') as string[];
    const server = await startServer({ environment: { SDP_ALLOW_DECLARED_SAFE: 'true' } });
    try {
      const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
      const declaration = { source: 'user', declared_safe: ['text'] };
      const streamed = { ...csvHeaders, 'X-SDP-Declaration': encodeURIComponent(JSON.stringify(declaration)) };
      const records = strings.map((text, i) => ({ id: `r${i}`, text }));
      const bodies: [string, Record<string, string>][] = [
        [
          JSON.stringify({ processing_type: 'anomaly_detection', declaration, records }),
          { 'Content-Type': 'application/json' },
        ],
        [
          records.map((record) => JSON.stringify(record)).join('\n'),
          { ...streamed, 'Content-Type': 'application/x-ndjson' },
        ],
        [`id,text\n${records.map(({ id, text }) => `${id},${quoted(text)}`).join('\n')}`, streamed],
      ];
      for (const [body, headers] of bodies) {
        const response = await server.fetch('/api/v1/process', { method: 'POST', body, headers });
        const { batch_id: batchId, code } = (await response.json()) as { batch_id: string; code?: string };
        expect(code).toBeUndefined();
        const batch = await server.platform.store.load(batchId);
        if (!batch) throw new Error('not stored');
        const stored: unknown[] = [];
        const scope = await server.platform.store.scopeOf(batch);
        for await (const { rows } of readRecords(server.platform.pool, scope, batch.recordCount)) {
          stored.push(...rows.map((row) => row[1]));
        }
        expect(stored).toEqual(strings);
      }
    } finally {
      await server.stop();
    }
  });
});
