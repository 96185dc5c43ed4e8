import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TablePosition } from '../../src/csv/index.ts';
import { rewriteNdjson, type Spelling, spellings } from '../../src/ndjson/index.ts';
import { spell } from '../../src/ndjson/string-spelling.ts';
import { inChunks } from '../support/csv-bytes.ts';
import { inFields, rewriteLines } from '../support/ndjson-bytes.ts';

const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 8 }), fc.constantFrom('', '\0x', 'a/b', '<é>', '"\\\n'));
const scalar = fc.oneof(
  text,
  fc.integer(),
  fc.double({ noDefaultInfinity: true, noNaN: true }),
  fc.boolean(),
  fc.constant(null),
);
const rest = fc.oneof(scalar, fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 3 }));
const row = fc.record(
  { id: scalar, person: fc.record({ name: scalar, 'e.mail': scalar }, { requiredKeys: [] }), rest },
  { requiredKeys: ['rest'] },
);

/** JSON with blanks where it may have them and strings in one spelling. */
function written(value: unknown, spelling: Spelling, blank: string): string {
  if (typeof value === 'string') return spell(value, spelling);
  if (Array.isArray(value)) return `[${value.map((each) => written(each, spelling, blank)).join(`,${blank}`)}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([key, each]) => `${JSON.stringify(key)}:${blank}${written(each, spelling, blank)}`,
  );
  return `{${blank}${members.join(`${blank},`)}}`;
}

const file = fc
  .tuple(
    fc.array(row, { minLength: 1, maxLength: 12 }),
    fc.constantFrom(...spellings),
    fc.constantFrom('', ' ', '\t'),
    fc.constantFrom('\n', '\r\n'),
  )
  .map(([rows, spelling, blank, end]) => ({
    rows,
    spelling,
    text: rows.map((each) => written(each, spelling, blank) + end).join(''),
  }));

const paths = ['id', 'person.name', 'person.e\\.mail'];
const present = (header: readonly string[]) => paths.filter((path) => header.includes(path));

test('is undone byte for byte, types and spellings included, at every chunking', async () => {
  await fc.assert(
    fc.asyncProperty(file, fc.integer({ min: 1, max: 50 }), fc.boolean(), async ({ text: input }, chunk, many) => {
      const values: string[] = [];
      const replace = (value: string) => `t${values.push(value) - 1}`;
      const edits = (header: readonly string[]) => ({
        edits: present(header).map((path) => ({
          index: header.indexOf(path),
          replace,
          ...(many
            ? { replaceMany: (batch: readonly string[]) => batch.map((value) => (value === '' ? '' : replace(value))) }
            : {}),
        })),
      });
      const there = await rewriteLines(input, edits, { chunk });
      expect(there.respelled).toBe(0);
      const back = await rewriteLines(
        there.bytes,
        (header) => ({
          restores: true,
          edits: present(header).map((path) => ({
            index: header.indexOf(path),
            replace: (token: string) => values[Number(token.slice(1))],
          })),
        }),
        { chunk: chunk + 3, types: there.types, spelling: there.spelling },
      );
      expect(back.text).toBe(input);
    }),
    { numRuns: 400 },
  );
});

test('drops members as JSON.parse and JSON.stringify would, and keeps all other bytes', async () => {
  await fc.assert(
    fc.asyncProperty(
      file,
      fc.subarray([...paths, 'rest'], { minLength: 1 }),
      async ({ rows, text: input }, dropped) => {
        const { text: output } = await rewriteLines(input, (header) => ({
          edits: dropped
            .filter((path) => header.includes(path))
            .map((path) => ({ index: header.indexOf(path), replace: 'drop' as const })),
        }));
        const expected = rows.map((each) => {
          const copy = structuredClone(each) as Record<string, unknown> & { person?: Record<string, unknown> };
          if (dropped.includes('id')) delete copy['id'];
          if (dropped.includes('rest')) delete copy['rest'];
          if (dropped.includes('person.name')) delete copy.person?.['name'];
          if (dropped.includes('person.e\\.mail')) delete copy.person?.['e.mail'];
          return copy;
        });
        expect(
          output
            .trimEnd()
            .split('\n')
            .map((line) => JSON.parse(line)),
        ).toEqual(JSON.parse(JSON.stringify(expected)));
      },
    ),
    { numRuns: 300 },
  );
});

test('goes on from any of its places to the same bytes', async () => {
  const input = Array.from(
    { length: 9_000 },
    (_, at) => `{"a":${at % 3 ? `"v\\u00e9${at}"` : at},\r"b":{"c":"x${at}"}}\n${at % 11 ? '' : '\n'}`,
  ).join('');
  const run = async (chunk: number, from?: TablePosition) => {
    const out: Buffer[] = [];
    const places: TablePosition[] = [];
    const open = () => inChunks(Buffer.from(input), chunk);
    const summary = await rewriteNdjson(
      open(),
      { write: async (part) => void out.push(Buffer.from(part)) },
      () => ({
        edits: [
          { index: 0, replace: (value) => `<${value}>` },
          { index: 1, replace: () => undefined, replaceMany: (values) => values.map((value) => `>${value}`) },
        ],
        checkpoints: { everyBytes: 40_000, ...(from && { from }), reached: async (place) => void places.push(place) },
      }),
      { again: open },
    );
    return { bytes: Buffer.concat(out), places, summary };
  };
  const whole = await run(1 << 20);
  expect(whole.places.length).toBeGreaterThan(2);
  expect((await run(7_001)).places).toEqual(whole.places);
  for (const place of whole.places) {
    const rest = await run(50_000, JSON.parse(JSON.stringify(place)) as TablePosition);
    expect(rest.bytes.equals(whole.bytes.subarray(place.outputBytes))).toBe(true);
    expect(rest.summary).toMatchObject({ rows: 9_000, types: { a: 'number' }, spelling: 'ascii', respelled: 0 });
  }
});

test('refuses what it cannot treat as it was asked to, with the line', async () => {
  const token = inFields({ a: () => 'tok' });
  const refusal = (input: string, edits: Parameters<typeof rewriteLines>[1] = token, stream = false) =>
    rewriteLines(input, edits, { stream }).then(
      () => 'taken',
      (error: { code: string; details: { row?: number } }) => `${error.code} ${error.details.row}`,
    );
  expect(await refusal('{"a":1}\n{"a":[1]}\n')).toBe('ndjson-type 2');
  expect(await refusal('{"a":1}\n{"a":{"b":1}}\n')).toBe('ndjson-type 2');
  expect(await refusal('{"a":1}\n\n{"a":1,"\\u0061":2}\n')).toBe('ndjson-invalid 3');
  expect(await refusal('{"a":1}\n{"a":1,}\n')).toBe('ndjson-invalid 2');
  expect(await refusal('[{"a":1}]\n')).toBe('ndjson-invalid 1');
  expect(await refusal('{"a":"\xff"}\n')).toBe('taken');
  expect(await refusal(`{"a":1}\n${'{"a":1}\n'.repeat(900_000)}{"b":1}\n`, token, true)).toBe(
    'ndjson-field-late 900002',
  );
  expect(await refusal(`{"a":{"b":1}}\n${'{"a":{}}\n'.repeat(900_000)}{"a":5}\n`, {}, true)).toBe(
    'ndjson-field-late 900002',
  );
  await expect(rewriteLines(Buffer.from('{"a":"\xff"}\n', 'latin1'), token)).rejects.toMatchObject({
    code: 'ndjson-invalid',
  });
  await expect(rewriteLines(`{"a":"${'x'.repeat(1000)}"}\n`, token, { maxLineBytes: 500 })).rejects.toMatchObject({
    code: 'csv-cell-too-large',
  });
});
