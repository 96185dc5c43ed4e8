import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseThrift, serializeThrift, type ThriftFields, type ThriftValue } from '../../src/parquet/thrift-compact.ts';
import { temporaryFolder } from '../support/run-command.ts';
import { runSdp } from '../support/run-program.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const env = { SDP_CRYPTO_KEY: Buffer.alloc(32, 9).toString('base64url') };
const bytesOf = (name: string) => readFileSync(join(folder.path, name));
const bufferOf = (name: string) => new Uint8Array(bytesOf(name)).buffer;

function footerOf(name: string): Buffer {
  const bytes = bytesOf(name);
  return bytes.subarray(bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8), bytes.length - 8);
}
function structsOf(fields: ThriftFields | undefined, id: number): ThriftFields[] {
  const value = fields?.get(id);
  return value?.type === 'list' ? value.items.map((item) => (item as { fields: ThriftFields }).fields) : [];
}
const chunksOf = (name: string) => structsOf(parseThrift(footerOf(name)), 4).flatMap((group) => structsOf(group, 1));
function nameOf(element: ThriftFields): string {
  const value = element.get(4);
  return value?.type === 'binary' ? Buffer.from(value.value).toString() : '';
}
const elementsOf = (name: string) =>
  new Map(structsOf(parseThrift(footerOf(name)), 2).map((element) => [nameOf(element), element]));

beforeAll(async () => {
  // Made by pyarrow 26: two row groups, statistics, page indexes, a bloom filter, a note of its own, narrow and unsigned integers.
  copyFileSync(join(import.meta.dirname, 'written-by-arrow.parquet'), join(folder.path, 'in.parquet'));
  const columns = ['--column', 'name', '--column', 'small', '--column', 'medium'];
  const files = (input: string, output: string) => ['--input', `${input}.parquet`, '--output', `${output}.parquet`];
  const there = await runSdp(['tokenize-csv', ...files('in', 'out'), '--source-table', 't', ...columns], {
    cwd: folder.path,
    env,
  });
  expect(there.status, there.stderr).toBe(0);
  const back = await runSdp(['detokenize', ...files('out', 'back')], { cwd: folder.path, env });
  expect(back.status, back.stderr).toBe(0);
});

test('what is parsed is written as it was', () => {
  const footer = footerOf('in.parquet');
  expect(Buffer.from(serializeThrift(parseThrift(footer))).equals(footer)).toBe(true);
});

test('what is cut off is refused, wherever it is', () => {
  const footer = footerOf('in.parquet');
  for (let length = 0; length < footer.length; length++) {
    expect(() => parseThrift(footer.subarray(0, length))).toThrow(RangeError);
  }
});

test('columns that stay are described by the same bytes, types that other readers insist on included', () => {
  const [before, after] = [elementsOf('in.parquet'), elementsOf('out.parquet')];
  for (const name of ['id', 'count', 'at', 'tags', 'list', 'element']) {
    expect(serializeThrift(after.get(name) as ThriftFields)).toEqual(serializeThrift(before.get(name) as ThriftFields));
  }
});

test('nothing that holds values of the original is left', () => {
  const bytes = bytesOf('out.parquet');
  expect(bytesOf('in.parquet').includes('Ada Lovelace')).toBe(true);
  for (const text of ['Ada', 'Grace', 'Zo', 'note', Buffer.from('Ada Lovelace').toString('base64').slice(0, 12)]) {
    expect(bytes.includes(text), text).toBe(false);
  }
  expect(parquetMetadata(bufferOf('out.parquet')).key_value_metadata ?? []).toEqual([]);
  const chunks = chunksOf('out.parquet');
  expect(chunks.length).toBe(14);
  for (const chunk of chunks) {
    const { fields } = chunk.get(3) as Extract<ThriftValue, { type: 'struct' }>;
    expect([4, 5, 6, 7].filter((id) => chunk.has(id))).toEqual([]);
    expect([12, 14, 15, 16, 17].filter((id) => fields.has(id))).toEqual([]);
  }
});

test('narrow integers come back as such', async () => {
  const values = await parquetReadObjects({ file: bufferOf('back.parquet') });
  expect(values).toEqual(await parquetReadObjects({ file: bufferOf('in.parquet') }));
  const [before, after] = [elementsOf('in.parquet'), elementsOf('back.parquet')];
  for (const name of ['name', 'small', 'medium']) {
    expect(serializeThrift(after.get(name) as ThriftFields)).toEqual(serializeThrift(before.get(name) as ThriftFields));
  }
});
