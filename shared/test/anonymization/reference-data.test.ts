import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { hasTestData, readTestJson, testDataPath } from '../../../test/support/test-data.ts';
import { anonymize } from '../../src/anonymization/index.ts';
import { covers, encodeRows, released, smallestGroup } from './encode.ts';

const adult = ['anon-arx-adult', 'adult.csv'] as const;
const expectation = ['labels', 'pycanon_expected.json'] as const;

describe.skipIf(!hasTestData(...adult))('on Adult of the shared test data (skipped where absent)', () => {
  const rows = hasTestData(...adult) ? readRows(testDataPath(...adult), ';').slice(1) : [];
  const columns = encodeRows(rows);

  test.each([2, 5, 10, 50])('reaches k = %i over all nine columns and suppresses nobody', (k) => {
    const result = anonymize({ columns, k });
    const table = released(result);
    expect(smallestGroup(table)).toBeGreaterThanOrEqual(k);
    expect(table).toHaveLength(30_162);
    const uncovered = table.filter((values, record) =>
      values.some((value, column) => !covers(value, rows[record]?.[column] ?? '')),
    );
    expect(uncovered).toEqual([]);
    // A class of 2k or more was left whole only because no cut leaves k on both sides.
    expect(rows.length / result.classes.length).toBeLessThan(2 * k);
  });

  test('keeps less detail the larger k is', () => {
    const classes = [2, 5, 10, 50].map((k) => anonymize({ columns, k }).classes.length);
    expect(classes).toEqual(classes.toSorted((a, b) => b - a));
  });
});

describe.skipIf(!hasTestData(...expectation))(
  'on pyCANON’s files of the shared test data (skipped where absent)',
  () => {
    const expectedSchema = z.object({
      files: z.array(z.object({ file: z.string(), quasi_identifiers: z.array(z.string()), k_recomputed: z.number() })),
    });
    const { files } = hasTestData(...expectation) ? expectedSchema.parse(readTestJson(...expectation)) : { files: [] };

    test.each(files)('counts k of $file as pyCANON does, and leaves alone what is k-anonymous', (expected) => {
      const [header = [], ...rows] = readRows(testDataPath('anon-pycanon', expected.file), ',');
      const table = rows.map((row) => expected.quasi_identifiers.map((name) => row[header.indexOf(name)] ?? ''));
      expect(smallestGroup(table)).toBe(expected.k_recomputed);
      const k = Math.max(2, expected.k_recomputed);
      if (rows.length >= k) {
        expect(smallestGroup(released(anonymize({ columns: encodeRows(table), k })))).toBeGreaterThanOrEqual(k);
      }
    });
  },
);

function readRows(file: string, delimiter: ',' | ';'): string[][] {
  const lines = readFileSync(file, 'utf8').trim().split(/\r?\n/);
  const cell = delimiter === ';' ? /()([^;]*)(?:;|$)/g : /(?:"([^"]*)"|([^,]*))(?:,|$)/g;
  return lines.map((line) => {
    const cells = Array.from(line.matchAll(cell), ([, quoted, plain]) => quoted || (plain ?? ''));
    return line.endsWith(delimiter) ? cells : cells.slice(0, -1);
  });
}
