import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { CsvEncoding } from '../../src/csv/index.ts';
import { beyondSample, inColumn, readTable, rewriteBytes } from '../support/csv-bytes.ts';

const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
const delimiter = fc.constantFrom(',', ';', '\t', '|', ':');
const value = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.string({ unit: fc.constantFrom('"', ',', ';', '\n', '\r', 'x', '\0', 'é', '😀', ' '), maxLength: 6 }),
  fc.constant(''),
);

interface Written {
  readonly rows: string[][];
  readonly text: string;
  readonly delimiter: string;
}

/** A table of at least two columns and one way to write it down. */
const table: fc.Arbitrary<Written> = fc
  .record({
    width: fc.integer({ min: 2, max: 5 }),
    height: fc.integer({ min: 1, max: 6 }),
    delimiter,
    bom: fc.boolean(),
    lastLineEnd: fc.boolean(),
    // So many rows first that the rest lies beyond the sample, where chunks are taken as they come.
    padded: fc.boolean(),
  })
  .chain(({ width, height, delimiter: separator, bom, lastLineEnd, padded }) =>
    fc
      .array(
        fc.record({
          cells: fc.array(fc.record({ value, quoted: fc.boolean() }), { minLength: width, maxLength: width }),
          end: lineEnd,
          blanks: fc.array(lineEnd, { maxLength: 1 }),
        }),
        { minLength: height, maxLength: height },
      )
      .map((rows) => {
        const lines = rows.map(({ cells, end, blanks }, index) => {
          const written = cells.map(({ value: text, quoted }) =>
            quoted || /^[ \t]*"|[\r\n]/.test(text) || text.includes(separator)
              ? `"${text.replaceAll('"', '""')}"`
              : text,
          );
          const last = index === rows.length - 1;
          return written.join(separator) + (last && !lastLineEnd ? '' : end + blanks.join(''));
        });
        const padRow = new Array<string>(width).fill('padding'.repeat(40));
        const pads = padded ? Math.ceil(beyondSample / (padRow.join().length + 1)) : 0;
        return {
          rows: [
            ...new Array<string[]>(pads).fill(padRow),
            ...rows.map(({ cells }) => cells.map(({ value: text }) => text)),
          ],
          text: (bom ? '\ufeff' : '') + `${padRow.join(separator)}\n`.repeat(pads) + lines.join(''),
          delimiter: separator,
        };
      }),
  )
  // A first cell that begins with a byte order mark, or an unquoted one that begins with a quote, reads otherwise.
  .filter(({ text, rows }) => !text.replace(/^\ufeff/, '').startsWith('\ufeff') && !rows[0]?.[0]?.startsWith('\ufeff'));

const chunk = fc.integer({ min: 1, max: 40 });

it('reads the cells that were written, at every chunking', async () => {
  await fc.assert(
    fc.asyncProperty(table, chunk, async ({ rows, text, delimiter: separator }, size) => {
      expect(await readTable(text, { chunk: size, first: beyondSample, delimiter: separator })).toEqual(rows);
    }),
    { numRuns: 300 },
  );
});

it('gives every byte back when each value is replaced by itself, in any encoding that holds it', async () => {
  const encoding = fc.constantFrom<CsvEncoding>('utf-8', 'utf-16le', 'utf-16be');
  await fc.assert(
    fc.asyncProperty(table, chunk, encoding, async ({ rows, text, delimiter: separator }, size, name) => {
      const bytes = name === 'utf-8' ? Buffer.from(text) : Buffer.from(text, 'utf16le');
      if (name === 'utf-16be') bytes.swap16();
      const edits = (rows[0] ?? []).map((_, index) => ({ index, replace: (cell: string) => cell }));
      const out = await rewriteBytes(
        bytes,
        { edits, restores: true },
        { chunk: size, first: beyondSample, delimiter: separator, encoding: name },
      );
      expect(out.bytes.equals(bytes)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

it('is undone byte for byte by the inverse replacement', async () => {
  await fc.assert(
    fc.asyncProperty(table, chunk, fc.nat({ max: 1 }), async ({ text, delimiter: separator }, size, column) => {
      const values: string[] = [];
      const there = await rewriteBytes(
        text,
        inColumn(column, (cell) => `tok_${values.push(cell) - 1}`),
        { chunk: size, first: beyondSample, delimiter: separator },
      );
      const back = await rewriteBytes(
        there.bytes,
        { ...inColumn(column, (token) => values[Number(token.slice(4))]), restores: true },
        { chunk: size + 1, first: beyondSample, delimiter: separator },
      );
      expect(back.bytes.equals(Buffer.from(text))).toBe(true);
    }),
    { numRuns: 300 },
  );
});

it('replaces exactly one column by any values', async () => {
  await fc.assert(
    fc.asyncProperty(table, fc.array(value, { minLength: 6, maxLength: 6 }), async (written, replacements) => {
      const { rows, text, delimiter: separator } = written;
      const out = await rewriteBytes(
        text,
        inColumn(1, (_, row) => replacements[(row - 1) % replacements.length]),
        { delimiter: separator },
      );
      const expected = rows.map((cells, row) =>
        cells.map((cell, index) =>
          row > 0 && index === 1 && cell !== '' ? replacements[(row - 1) % replacements.length] : cell,
        ),
      );
      expect(await readTable(out.bytes, { delimiter: separator })).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});
