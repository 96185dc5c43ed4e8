import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ColumnEdit, rewriteCsv, rowGroupSize, type TablePosition } from '../../src/csv/index.ts';
import { inChunks, rewriteBytes } from '../support/csv-bytes.ts';

const cell = fc.oneof(fc.constant(''), fc.string({ maxLength: 6 }), fc.constantFrom('a,b', 'x"y', '1\n2', 'é'));
const quoted = (text: string) => (/[",\r\n]|^[ \t]*"/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const table = fc
  .tuple(fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 40 }), fc.constantFrom('\n', '\r\n', '\r'))
  .map(
    ([rows, end]) =>
      `a,b,c${end}${rows.map((row) => row.map((text) => quoted(text) || '""').join(',')).join(end)}${end}`,
  );

const changed = (value: string) => (value.length % 3 === 0 ? undefined : `<${value}>`);
const single: ColumnEdit = { index: 1, replace: changed };
const many: ColumnEdit = {
  index: 1,
  replace: () => 'never called',
  replaceMany: (values) => values.map(changed),
};

test('gives the same bytes in groups as cell by cell, at every chunking', async () => {
  await fc.assert(
    fc.asyncProperty(table, fc.integer({ min: 1, max: 64 }), async (text, chunk) => {
      const expected = await rewriteBytes(text, { edits: [single] });
      const given = await rewriteBytes(text, { edits: [many] }, { chunk });
      expect(given.text).toBe(expected.text);
    }),
    { numRuns: 300 },
  );
});

test('says where the groups stand', async () => {
  const rows = Array.from({ length: 3 * rowGroupSize + 7 }, (_, at) => `${at + 1}${at % 50 === 49 ? '' : ',v'},`);
  const seen: string[] = [];
  await rewriteBytes(
    `n,v,w\n${rows.map((row) => (row.split(',').length === 2 ? `${row},` : row)).join('\n')}\n`,
    {
      edits: [
        {
          index: 0,
          replace: () => undefined,
          replaceMany: (values, firstRow) => {
            expect(values.length).toBeLessThanOrEqual(rowGroupSize);
            for (const [at, value] of values.entries()) expect(value).toBe(String(firstRow + at));
            seen.push(...values);
            return values.map(() => undefined);
          },
        },
      ],
    },
    { chunk: 5_000 },
  );
  expect(seen.length).toBe(rows.length);
});

test('shows a cell the others of its row', async () => {
  const { text } = await rewriteBytes('a,b,c\n1,"x,y",3\n4,,6\n', {
    edits: [{ index: 0, replace: (value, row, view) => `${row}:${value}:${view.cell(1)}:${view.cell(2)}` }],
  });
  expect(text).toBe('a,b,c\n"1:1:x,y:3","x,y",3\n2:4::6,,6\n');
});

test('goes on from any of its places to the same bytes, and finds the same places at every chunking', async () => {
  const text = `a,b,c\r\n${Array.from({ length: 20_000 }, (_, at) => `${at},"v${at % 7}\r\n${at}",é${at}`).join('\r\n')}`;
  const run = async (chunk: number, from?: TablePosition) => {
    const out: Buffer[] = [];
    const places: TablePosition[] = [];
    let seen = 0;
    await rewriteCsv(
      inChunks(Buffer.from(text), chunk),
      { write: async (part) => void out.push(Buffer.from(part)) },
      () => ({
        edits: [
          {
            ...many,
            replaceMany: (values) => {
              seen += values.length;
              return values.map(changed);
            },
          },
        ],
        checkpoints: {
          everyBytes: 50_000,
          ...(from && { from }),
          reached: async (place) => {
            expect(out.reduce((sum, part) => sum + part.length, from?.outputBytes ?? 0)).toBe(place.outputBytes);
            expect(seen).toBe(place.rows - (from?.rows ?? 0));
            places.push(place);
          },
        },
      }),
    );
    return { bytes: Buffer.concat(out), places };
  };
  const whole = await run(1 << 20);
  expect(whole.places.length).toBeGreaterThan(5);
  expect((await run(90_001)).places).toEqual(whole.places);
  for (const [at, place] of whole.places.entries()) {
    const rest = await run(70_000 + at, place);
    expect(rest.bytes.equals(whole.bytes.subarray(place.outputBytes))).toBe(true);
    expect(rest.places).toEqual(whole.places.slice(at + 1));
  }
});
