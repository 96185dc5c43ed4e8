import { SdpError } from '@sdp/shared/errors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCsv, readNdjson } from '../../../src/batches/ingest/read-records.ts';
import { ColumnDictionary, type ParsedRecord, type RecordLimits } from '../../../src/batches/ingest/record-sink.ts';

const limits: RecordLimits = { maxRecords: 1_000, maxColumns: 100, maxCellLength: 10_000, maxRecordLength: 50_000 };

/** Cuts bytes at the places given, so that lines, quotes and characters are torn apart. */
async function* cut(bytes: Buffer, places: readonly number[]): AsyncGenerator<Uint8Array> {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  let start = 0;
  for (const end of [...ends, bytes.length]) {
    yield bytes.subarray(start, end);
    start = end;
  }
}

async function collect(read: typeof readCsv, text: string, places: readonly number[]) {
  const columns = new ColumnDictionary(limits.maxColumns);
  const records: { row: number; texts: (string | undefined)[]; cells: unknown[] }[] = [];
  await read(cut(Buffer.from(text), places), columns, limits, ({ row, texts, entry }: ParsedRecord) => {
    records.push({ row, texts: [...texts], cells: JSON.parse(entry) });
    return undefined;
  });
  return { names: columns.names, records };
}

const places = fc.array(fc.nat(2_000), { maxLength: 12 });
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }).map((each) => each.toWellFormed()),
  fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', '\\', 'é', '😀', ' ', 'a', '='), maxLength: 10 }),
);

describe('readCsv', () => {
  const quoteAll = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
  const quoteWhereNeeded = (cell: string) => (/["\n\r,]/.test(cell) ? quoteAll(cell) : cell);

  it('gives every table back, however it is quoted and wherever it is cut', async () => {
    const tables = fc
      .integer({ min: 2, max: 5 })
      .chain((width) =>
        fc.array(fc.array(text, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 12 }),
      );
    await fc.assert(
      fc.asyncProperty(
        tables,
        places,
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        fc.boolean(),
        async (rows, cuts, lineEnd, hasLastEnd, quotesAll) => {
          const quote = quotesAll ? quoteAll : quoteWhereNeeded;
          const names = rows[0]?.map((_, i) => `c${i}`) ?? [];
          const file =
            [names, ...rows].map((row) => row.map(quote).join(',')).join(lineEnd) + (hasLastEnd ? lineEnd : '');
          const { names: readNames, records } = await collect(readCsv, file, cuts);
          expect(readNames).toEqual(names);
          expect(records.map(({ texts }) => texts)).toEqual(rows);
          expect(records.map(({ cells }) => cells)).toEqual(rows);
          expect(records.map(({ row }) => row)).toEqual(rows.map((_, i) => i + 1));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('reads anything at all to an end, the same way wherever it is cut', async () => {
    const outcome = async (file: string, cuts: number[]) => {
      try {
        return await collect(readCsv, file, cuts);
      } catch (error) {
        return error instanceof SdpError ? error.code : Promise.reject(error);
      }
    };
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', 'a', 'b'), maxLength: 40 }),
        places,
        async (file, cuts) => {
          expect(await outcome(`x,y\n${file}`, cuts)).toEqual(await outcome(`x,y\n${file}`, []));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

describe('readNdjson', () => {
  const cell = fc.oneof(
    text,
    fc.integer(),
    fc.double({ noDefaultInfinity: true, noNaN: true }),
    fc.boolean(),
    fc.constant(null),
  );
  const record = fc
    .uniqueArray(fc.tuple(fc.constantFrom('id', 'n', '__proto__', 'constructor', 'ключ', 'a"b', 'c\\d'), cell), {
      minLength: 1,
      selector: ([name]) => name,
    })
    .map((entries) => entries as [string, unknown][]);
  const spaced = (entries: [string, unknown][], space: string) =>
    `{${space}${entries.map(([name, value]) => `${JSON.stringify(name)}${space}:${space}${JSON.stringify(value)}`).join(`${space},${space}`)}${space}}`;

  it('gives what JSON.parse gives, however it is spaced and wherever it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { minLength: 1, maxLength: 10 }),
        places,
        fc.constantFrom('', ' ', '\t '),
        async (all, cuts, space) => {
          const file = all.map((entries) => spaced(entries, space)).join('\n');
          const { names, records } = await collect(readNdjson, file, cuts);
          expect(records).toHaveLength(all.length);
          for (const [i, entries] of all.entries()) {
            const { cells = [], texts = [] } = records[i] ?? {};
            const present = new Map(entries);
            for (const [column, name] of names.entries()) {
              if (column >= cells.length) break;
              if (present.has(name)) {
                // -0 is written as 0.
                expect(cells[column]).toEqual(JSON.parse(JSON.stringify(present.get(name))));
                const value = present.get(name);
                if (typeof value === 'string') expect(texts[column]).toBe(value);
                else if (value === null) expect(texts[column]).toBeUndefined();
                else
                  expect(Number(texts[column] === 'true' ? 1 : texts[column] === 'false' ? 0 : texts[column])).toEqual(
                    Number(value) + 0,
                  );
              } else {
                expect(cells[column]).toEqual([]);
                expect(texts[column]).toBeUndefined();
              }
            }
            for (const [name] of entries) expect(names.indexOf(name)).toBeLessThan(cells.length);
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it('takes records that look alike on the quick path to the same result', async () => {
    const rows = Array.from({ length: 50 }, (_, i) => ({ id: `tok_${i}`, n: i / 4, note: i % 5 ? null : 'x"y' }));
    const { records } = await collect(readNdjson, rows.map((row) => JSON.stringify(row)).join('\n'), [7, 300]);
    expect(records.map(({ cells }) => cells)).toEqual(rows.map((row) => Object.values(row)));
  });

  it.each(['0.1', '-0.5e-3', '1e21', '123456789012345', '9007199254740992', '0.30000000000000004', '1.50', '100'])(
    'keeps the number %s',
    async (number) => {
      const { records } = await collect(readNdjson, `{"n":${number}}`, []);
      expect(records[0]?.cells).toEqual([Number(number)]);
      expect(records[0]?.texts).toEqual([number]);
    },
  );

  it.each(['9007199254740993', '0.1000000000000000055', '1e400', '-1e-400', '12345678901234567891'])(
    'refuses %s, which would lose digits',
    async (number) => {
      await expect(collect(readNdjson, `{"n":${number}}`, [])).rejects.toMatchObject({ code: 'request-invalid' });
    },
  );

  it.each([
    '01',
    '1.',
    '.5',
    '+1',
    '-',
    '0x10',
    'NaN',
    'Infinity',
    '1_000',
    "'a'",
    '"a',
    '"\\x"',
    '"\\u12"',
    '"\u0001"',
    'tru',
    'nulll',
  ])('refuses %s, which is no JSON', async (value) => {
    for (const before of ['', '{"n":1}\n{"n":2}\n']) {
      await expect(collect(readNdjson, `${before}{"n":${value}}`, [])).rejects.toMatchObject({
        code: 'request-malformed',
      });
    }
  });
});
