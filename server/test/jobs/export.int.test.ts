import { parse } from 'csv-parse/sync';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../support/running-server.ts';
import { edit, type Person, person, uploaded } from './people.ts';

let server: RunningServer;
let client: Person;
let jobId: string;
let typedJobId: string;
const rowCount = 2_500;
const notes = ['plain', 'with, comma', 'with "quotes"', 'two\r\nlines', '=1+1', '@sum', '-5', '', 'é 🙂', ' blank '];
const rows = Array.from({ length: rowCount }, (_, i) => ({
  id: `tok_${i + 1}`,
  note: notes[i % notes.length] as string,
}));

beforeAll(async () => {
  server = await startServer();
  client = await person(server, 'Client', ['acme'], { allowDeclaredSafe: true });
  const engineer = await person(server, 'DataEngineer', '*');
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  jobId = await uploaded(client, {
    csv: `id,note\n${rows.map(({ id, note }) => `${id},${quoted(note)}`).join('\n')}\n`,
  });
  for (const seq of [1, 1_500]) {
    const values = { id: `tok_${seq}`, note: 'corrected' };
    await engineer.ask(`/api/v1/records/${jobId}.${seq}`, edit(values, '"v1"'));
    Object.assign(rows[seq - 1] as object, values);
  }
  const typed = await client.ask('/api/v1/process', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      processing_type: 'anomaly_detection',
      records: [
        { id: 'a', n: 1.5, ok: true, mixed: 1 },
        { id: 'b', n: -2, ok: null, mixed: 'text' },
        { id: 'c', extra: null },
      ],
    }),
  });
  typedJobId = typed.body.batch_id;
});
afterAll(() => server.stop());

async function exported(id: string, query: string, headers: Record<string, string> = {}) {
  const response = await client.fetch(`/api/v1/jobs/${id}/export${query}`, { headers });
  return { response, bytes: Buffer.from(await response.arrayBuffer()) };
}

const readParquet = ({ buffer, byteOffset, length }: Buffer) =>
  parquetReadObjects({ file: (buffer as ArrayBuffer).slice(byteOffset, byteOffset + length) });

describe('GET /api/v1/jobs/{job_id}/export', () => {
  it('gives CSV that another reader reads as what was uploaded and corrected, formulas and all', async () => {
    const { response, bytes } = await exported(jobId, '?format=csv');
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename=job-${jobId}.csv`);
    expect(parse(bytes, { columns: true })).toEqual(rows);
  });

  it('gives CSV that can be uploaded again and is the same then', async () => {
    const { bytes } = await exported(jobId, '?format=csv');
    const again = await uploaded(client, { csv: bytes.toString() });
    expect((await exported(again, '?format=csv')).bytes.equals(bytes)).toBe(true);
  });

  it('gives NDJSON with types and absent fields as they are', async () => {
    const { bytes } = await exported(typedJobId, '', { Accept: 'application/x-ndjson' });
    const lines = bytes.toString().trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { id: 'a', n: 1.5, ok: true, mixed: 1 },
      { id: 'b', n: -2, ok: null, mixed: 'text' },
      { id: 'c', extra: null },
    ]);
    expect(
      (await exported(jobId, '?format=ndjson')).bytes
        .toString()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(rows);
  });

  it('gives Parquet that another reader reads, with types where a column has one', async () => {
    const { response, bytes } = await exported(jobId, '?format=parquet');
    expect(response.headers.get('content-type')).toBe('application/vnd.apache.parquet');
    expect(await readParquet(bytes)).toEqual(rows);
    expect(await readParquet((await exported(typedJobId, '?format=parquet')).bytes)).toEqual([
      { id: 'a', n: 1.5, ok: true, mixed: '1', extra: null },
      { id: 'b', n: -2, ok: null, mixed: 'text', extra: null },
      { id: 'c', n: null, ok: null, mixed: null, extra: null },
    ]);
  });

  it('gives a column of empty cells back, not lines that count for nothing', async () => {
    const id = await uploaded(client, { csv: 'n\n""\n5\n""\n' });
    const { bytes } = await exported(id, '?format=csv');
    expect(parse(bytes, { columns: true })).toEqual([{ n: '' }, { n: '5' }, { n: '' }]);
  });

  it('refuses formats it does not know', async () => {
    expect((await exported(jobId, '?format=xlsx')).response.status).toBe(422);
    expect((await exported(jobId, '', { Accept: 'image/png' })).response.status).toBe(406);
    expect((await exported(jobId, '')).response.headers.get('content-type')).toContain('text/csv');
  });

  it('holds no more than a piece of a large job, however slow its reader', async () => {
    const wide = 'x'.repeat(2_000);
    const count = 10_000;
    const lines = Array.from({ length: count }, (_, i) => `tok_${i},${wide}`);
    const id = await uploaded(client, { csv: `id,filler\n${lines.join('\n')}\n` });
    for (const format of ['csv', 'parquet']) {
      global.gc?.();
      const before = process.memoryUsage().rss;
      const response = await client.fetch(`/api/v1/jobs/${id}/export?format=${format}`);
      const reader = response.body?.getReader();
      await reader?.read();
      await new Promise((resolve) => setTimeout(resolve, 300));
      let bytes = 0;
      for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) bytes += part.value.length;
      expect(bytes).toBeGreaterThan(format === 'csv' ? count * 2_000 : 1_000);
      // All of it is 20 MB, twice as much as text, and the test itself reads it in the same process.
      expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
    }
  });
});
