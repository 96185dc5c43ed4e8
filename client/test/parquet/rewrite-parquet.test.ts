import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../support/run-command.ts';
import { runSdp } from '../support/run-program.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const env = { SDP_CRYPTO_KEY: Buffer.alloc(32, 9).toString('base64url') };
const sdp = (...args: string[]) => runSdp(args, { cwd: folder.path, env });
const bytesOf = (name: string) => {
  const bytes = readFileSync(join(folder.path, name));
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
};
const rowsOf = (name: string) => parquetReadObjects({ file: bytesOf(name) });

const count = 5_000;
const range = Array.from({ length: count }, (_, at) => at);
beforeAll(() => {
  const columnData = [
    { name: 'id', data: range.map((at) => BigInt(at) * 1_000_000_007n), type: 'INT64' as const, nullable: false },
    {
      name: 'name',
      data: range.map((at) => (at % 7 ? `Näme ${at % 50}` : at % 2 ? null : '')),
      type: 'STRING' as const,
    },
    { name: 'score', data: range.map((at) => (at % 3 ? at / 3 : -0)), type: 'DOUBLE' as const },
    { name: 'member', data: range.map((at) => at % 2 === 0), type: 'BOOLEAN' as const },
    { name: 'at', data: range.map((at) => new Date(1_500_000_000_000 + at)), type: 'TIMESTAMP' as const },
    { name: 'kept', data: range.map((at) => `kept ${at}`), type: 'STRING' as const },
  ];
  const file = parquetWriteBuffer({ columnData, rowGroupSize: 1_300 });
  writeFileSync(join(folder.path, 'in.parquet'), Buffer.from(file));
});

const tokenize = (output: string, ...more: string[]) =>
  sdp('tokenize-csv', '--input', 'in.parquet', '--output', output, '--source-table', 't', ...more);

test('puts values of every type back as they were, and never shows them in between', async () => {
  const columns = ['id', 'name', 'score', 'member'].flatMap((name) => ['--column', name]);
  expect((await tokenize('out.parquet', ...columns)).stderr).not.toMatch(/error/);
  const between = await rowsOf('out.parquet');
  const original = await rowsOf('in.parquet');
  expect(between.length).toBe(count);
  for (const [at, row] of between.entries()) {
    expect(row['id']).toMatch(/^tok_/);
    if (original[at]?.['name']) expect(row['name']).toMatch(/^tok_/);
    else expect(row['name']).toBe(original[at]?.['name']);
    expect([row['at'], row['kept']]).toEqual([original[at]?.['at'], original[at]?.['kept']]);
  }
  const text = Buffer.from(bytesOf('out.parquet')).toString('latin1');
  // Statistics would have told the first and the last of them.
  expect(text).not.toContain(Buffer.from('Näme').toString('latin1'));
  const back = await sdp('detokenize', '--input', 'out.parquet', '--output', 'back.parquet', '--reason', 'test');
  expect(back.status, back.stderr).toBe(0);
  const again = await rowsOf('back.parquet');
  expect(again).toEqual(original);
  expect(again.every((row, at) => Object.is(row['score'], original[at]?.['score']))).toBe(true);
  expect(parquetMetadata(bytesOf('back.parquet')).schema.map(({ type }) => type)).toEqual(
    parquetMetadata(bytesOf('in.parquet')).schema.map(({ type }) => type),
  );
});

test('copies the pages of other columns byte for byte', async () => {
  expect((await tokenize('one.parquet', '--column', 'name')).status).toBe(0);
  const page = (name: string) => {
    const file = bytesOf(name);
    const meta = parquetMetadata(file).row_groups[2]?.columns.find(
      ({ meta_data }) => meta_data?.path_in_schema[0] === 'kept',
    )?.meta_data;
    const start = Number(meta?.dictionary_page_offset ?? meta?.data_page_offset);
    return Buffer.from(file).subarray(start, start + Number(meta?.total_compressed_size));
  };
  expect(page('one.parquet').length).toBeGreaterThan(100);
  expect(page('one.parquet').equals(page('in.parquet'))).toBe(true);
});

test('refuses types without a text, a cut-off file, stdin and compression around it', async () => {
  expect((await tokenize('no.parquet', '--column', 'at')).stderr).toMatch(/no text that brings them back/);
  const whole = readFileSync(join(folder.path, 'in.parquet'));
  writeFileSync(join(folder.path, 'cut.parquet'), whole.subarray(0, whole.length - 50));
  const cut = await sdp(
    'tokenize-csv',
    '--input',
    'cut.parquet',
    '--output',
    'no.parquet',
    '--source-table',
    't',
    '--column',
    'id',
  );
  expect(cut.status).toBe(4);
  expect((await tokenize('no.parquet.gz', '--column', 'id')).status).toBe(2);
  expect((await tokenize('no.csv', '--column', 'id')).stderr).toMatch(/under a name that says csv/);
});
