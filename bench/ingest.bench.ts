import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { inTurn, markdownTable, median, megabytes, perSecond, seconds } from './measure.ts';
import { type Body, sendBatch, startServerUnderTest } from './server-under-test.ts';
import { tokenizedRecords } from './tokenized-records.ts';

/** Uploads into a running API against a raw COPY of the same rows into the same table, in turn. */
export async function benchIngest(options: { rows: number; runs: number }): Promise<string> {
  const records = tokenizedRecords(options.rows);
  const bodies: [string, Body][] = [
    ['NDJSON', { bytes: records.ndjson, type: 'application/x-ndjson' }],
    ['CSV', { bytes: records.csv, type: 'text/csv' }],
    ['CSV, zstd', { bytes: zstdCompressSync(records.csv), type: 'text/csv', encoding: 'zstd' }],
    ['CSV, gzip', { bytes: gzipSync(records.csv), type: 'text/csv', encoding: 'gzip' }],
  ];
  const server = await startServerUnderTest('api');
  const client = new pg.Client({ connectionString: server.dsn });
  await client.connect();
  const rows: string[][] = [];
  let peak = 0;
  try {
    for (const [name, body] of bodies) {
      const pairs = await inTurn(
        options.runs,
        () => timed(() => rawCopy(client, records.lines)),
        () => timed(() => sendBatch(server, body, { processing_type: 'risk_scoring' })),
      );
      const upload = median(pairs.map(({ b }) => b));
      rows.push([
        name,
        options.rows.toLocaleString('en-US'),
        seconds(median(pairs.map(({ a }) => a))),
        seconds(upload),
        median(pairs.map(({ a, b }) => a / b)).toFixed(2),
        perSecond(options.rows, upload),
      ]);
      // Later pairs are to meet tables of the same size.
      await client.query('TRUNCATE tokenized_record; CHECKPOINT');
    }
  } finally {
    await client.end();
    peak = await server.stop();
  }
  const table = markdownTable(['format', 'records', 'raw COPY', 'upload', 'speed, of COPY', 'records/s'], rows);
  return `${table}\n\nPeak memory of the API: ${megabytes(peak)}.`;
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await run();
  return performance.now() - started;
}

/** What PostgreSQL can do by itself: (batch, number, payload as text) in one COPY, nothing checked and nothing sealed. */
async function rawCopy(client: pg.Client, lines: readonly Buffer[]): Promise<void> {
  const stream = client.query(copyFrom('COPY tokenized_record (batch_id, seq, block_seq, sha256, payload) FROM STDIN'));
  const batch = randomUUID();
  const digest = `\\\\x${'ab'.repeat(32)}`;
  let text: Buffer[] = [];
  let size = 0;
  const flush = async () => {
    if (!stream.write(Buffer.concat(text))) await once(stream, 'drain');
    text = [];
    size = 0;
  };
  for (const [index, line] of lines.entries()) {
    text.push(Buffer.from(`${batch}\t${index + 1}\t${index + 1}\t${digest}\t`), line, newline);
    size += line.length;
    if (size > 1 << 18) await flush();
  }
  await flush();
  stream.end();
  await once(stream, 'finish');
}

const newline = Buffer.from('\n');
