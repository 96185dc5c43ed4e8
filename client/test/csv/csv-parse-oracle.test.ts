import { SdpError } from '@sdp/shared/errors';
import { CsvError, type Options, parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { hasTestData } from '../../../test/support/test-data.ts';
import type { CsvDialect } from '../../src/csv/index.ts';
import { readRows } from '../../src/csv/index.ts';
import { inChunks, readTable, rewriteBytes } from '../support/csv-bytes.ts';
import { csvCorpus } from '../support/csv-corpus.ts';

/**
 * The table that csv-parse reads, or the code of why it doesn't. It differs from ours on purpose in two places and is told
 * so: a quote inside an unquoted cell is a character (as Python, Excel and csv-spectrum have it), and in a table of one
 * column a line without any byte is an empty cell (as csv-sineemore has it).
 */
function oracle(bytes: Buffer, { delimiter, encoding }: CsvDialect, relax: boolean): string[][] | string {
  const text = new TextDecoder(encoding === 'latin1' ? 'latin1' : encoding, { ignoreBOM: true, fatal: true })
    .decode(bytes)
    .replace(/^\ufeff/, '');
  const options = { delimiter, record_delimiter: ['\r\n', '\n', '\r'] };
  const read = (more: Options): string[][] => {
    try {
      return parse(text, { ...options, ...more });
    } catch (error) {
      if (!relax || !(error instanceof CsvError) || error.code !== 'INVALID_OPENING_QUOTE') throw error;
      return parse(text, { ...options, ...more, relax_quotes: true });
    }
  };
  try {
    const table = read({ skip_empty_lines: true });
    if (table.length > 0 && table[0]?.length !== 1) return table;
    const all = read({});
    return table.length === 0 ? all : all.slice(all.findIndex(([cell]) => cell !== ''));
  } catch (error) {
    if (error instanceof CsvError) return error.code;
    throw error;
  }
}

/** Which of csv-parse's codes go with which of ours. */
const sameRefusal: Readonly<Record<string, readonly string[]>> = {
  'csv-ragged': ['CSV_RECORD_INCONSISTENT_FIELDS_LENGTH'],
  'csv-quote': ['CSV_INVALID_CLOSING_QUOTE', 'INVALID_OPENING_QUOTE', 'CSV_QUOTE_NOT_CLOSED'],
};

describe.skipIf(!hasTestData('csv-csvkit'))('csv-parse as an oracle (skipped without ../shared/data)', () => {
  it('reads the same cells from every file there, or refuses it for the same reason', async () => {
    const outcomes = {
      same: 0,
      refused: 0,
      encoding: [] as string[],
      empty: [] as string[],
      differing: [] as string[],
    };
    for (const { name, bytes } of csvCorpus()) {
      let dialect: CsvDialect;
      try {
        ({ dialect } = await readRows(inChunks(bytes, 1 << 20)));
      } catch (error) {
        if (!(error instanceof SdpError)) throw error;
        dialect = { delimiter: ',', encoding: 'utf-8', bom: false };
      }
      const ours = await readTable(bytes).catch((error: unknown) => {
        if (error instanceof SdpError) return error.code;
        throw error;
      });
      // Not valid in its encoding: the oracle is given text and has no say.
      if (ours === 'csv-encoding') outcomes.encoding.push(name);
      else if (ours === 'csv-empty') outcomes.empty.push(name);
      else {
        // Relaxed it takes any quotes anywhere, which is no standard to refuse by.
        const theirs = oracle(bytes, dialect, ours !== 'csv-quote');
        if (typeof ours === 'string') {
          if (typeof theirs === 'string' && sameRefusal[ours]?.includes(theirs)) outcomes.refused++;
          else outcomes.differing.push(`${name}: ${ours} against ${typeof theirs === 'string' ? theirs : 'a table'}`);
        } else if (typeof theirs !== 'string' && JSON.stringify(ours) === JSON.stringify(theirs)) outcomes.same++;
        else outcomes.differing.push(`${name}: a table against ${typeof theirs === 'string' ? theirs : 'another'}`);
      }
    }
    expect(outcomes.differing).toEqual([]);
    expect(outcomes.same).toBeGreaterThan(350);
    expect(outcomes.refused).toBeGreaterThan(50);
    expect(outcomes.encoding.length).toBeLessThan(15);
    expect(outcomes.empty.length).toBeLessThan(10);
  });

  it('gives every byte back from every file that it reads, at any chunking', async () => {
    let copied = 0;
    for (const { bytes } of csvCorpus()) {
      if (bytes.length > 1_000_000) continue;
      for (const chunk of [997, 1 << 20]) {
        try {
          const identity = (header: readonly string[]) => ({
            edits: header.map((_, index) => ({ index, replace: (value: string) => value })),
            restores: true,
          });
          const out = await rewriteBytes(bytes, identity, { chunk });
          expect(out.bytes.equals(bytes)).toBe(true);
          copied++;
        } catch (error) {
          if (!(error instanceof SdpError)) throw error;
        }
      }
    }
    expect(copied).toBeGreaterThan(300);
  });
});
