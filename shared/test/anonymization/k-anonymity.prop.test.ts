import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anonymize, anonymizeInSteps, partitionByMondrian } from '../../src/anonymization/index.ts';
import { covers, encodeRows, finish, released, smallestGroup } from './encode.ts';

const number = fc.oneof(fc.integer({ min: -50, max: 50 }).map(String), fc.constantFrom('', '1.5', '-0.25', '007', '7'));
const category = fc.oneof(
  fc.constantFrom('', 'a', 'b', 'c', '=1+1', '+x', '-y', '@z', '*', 'a, b', '{q}', '"', 'x or empty', ' pad', 'é\n'),
  fc.string({ maxLength: 6 }),
);
const date = fc.oneof(
  fc.constant(''),
  fc.integer({ min: 0, max: 9_000 }).map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10)),
);
const rowsArbitrary = fc.array(fc.tuple(number, category, date), { maxLength: 120 });
const kArbitrary = fc.integer({ min: 2, max: 12 });

const run = (rows: readonly (readonly string[])[], k: number) => anonymize({ columns: encodeRows(rows, 3), k });

describe('a released table', () => {
  test('has no combination shared by fewer than k records, and suppresses only tables below k', () => {
    fc.assert(
      fc.property(rowsArbitrary, kArbitrary, (rows, k) => {
        const result = run(rows, k);
        const suppressed = result.classes.some((entry) => entry.suppressed);
        expect(suppressed).toBe(rows.length > 0 && rows.length < k);
        if (suppressed) expect(result.classes).toEqual([{ values: ['*', '*', '*'], size: rows.length, suppressed }]);
        else expect(smallestGroup(released(result))).toBeGreaterThanOrEqual(k);
      }),
      { numRuns: 300 },
    );
  });

  test('covers every original value', () => {
    fc.assert(
      fc.property(rowsArbitrary, kArbitrary, (rows, k) => {
        for (const [record, values] of released(run(rows, k)).entries()) {
          for (const [column, value] of values.entries()) {
            expect({ value, original: rows[record]?.[column], covered: true }).toEqual({
              value,
              original: rows[record]?.[column],
              covered: covers(value, rows[record]?.[column] ?? ''),
            });
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  test('holds nothing that a spreadsheet takes for a formula', () => {
    fc.assert(
      fc.property(rowsArbitrary, kArbitrary, (rows, k) => {
        for (const value of released(run(rows, k)).flat()) expect(value).not.toMatch(/^[\s=+\-@]/);
      }),
    );
  });

  test('says how many records share a combination', () => {
    fc.assert(
      fc.property(rowsArbitrary, kArbitrary, (rows, k) => {
        const result = run(rows, k);
        const texts = released(result).map((values) => JSON.stringify(values));
        for (const { values, size } of result.classes) {
          expect(texts.filter((text) => text === JSON.stringify(values))).toHaveLength(size);
        }
      }),
    );
  });

  test('does not depend on the order of the records', () => {
    fc.assert(
      fc.property(rowsArbitrary, kArbitrary, fc.integer(), (rows, k, seed) => {
        const shuffled = rows.map((row, index) => ({ row, rank: Math.imul(index + 1, seed | 1) ^ seed }));
        shuffled.sort((a, b) => a.rank - b.rank);
        const sorted = (table: readonly (readonly string[])[]) => table.map((values) => JSON.stringify(values)).sort();
        expect(
          sorted(
            released(
              run(
                shuffled.map(({ row }) => row),
                k,
              ),
            ),
          ),
        ).toEqual(sorted(released(run(rows, k))));
      }),
    );
  });
});

describe('Mondrian', () => {
  test('puts every record into exactly one class of at least k', () => {
    fc.assert(
      fc.property(rowsArbitrary, kArbitrary, (rows, k) => {
        const { order, starts } = finish(partitionByMondrian(encodeRows(rows, 3), { k })).value;
        expect([...order].sort((a, b) => a - b)).toEqual(rows.map((_, index) => index));
        expect([starts[0], starts.at(-1)]).toEqual([0, rows.length]);
        for (let index = 1; index < starts.length; index += 1) {
          const size = (starts[index] as number) - (starts[index - 1] as number);
          expect(size).toBeGreaterThanOrEqual(Math.min(k, rows.length));
        }
      }),
    );
  });

  test('separates what it can: no class of one distinct column could still be cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 4, maxLength: 200 }),
        kArbitrary,
        (ages, k) => {
          const table = released(anonymize({ columns: encodeRows(ages.map((age) => [String(age)])), k })).flat();
          for (const text of new Set(table)) {
            const members = ages.filter((_, record) => table[record] === text).sort((a, b) => a - b);
            const cuts = members.filter((age, index) => index > 0 && age !== members[index - 1]);
            for (const cut of cuts) {
              const below = members.filter((age) => age < cut).length;
              expect(Math.min(below, members.length - below)).toBeLessThan(k);
            }
          }
        },
      ),
    );
  });
});

test('working in steps gives what working at once gives', () => {
  const rows = Array.from({ length: 30_000 }, (_, index) => [String((index * 7_919) % 1_000), `c${index % 12}`, '']);
  const columns = encodeRows(rows);
  const { value, pauses } = finish(anonymizeInSteps({ columns, k: 5 }));
  expect(value).toEqual(anonymize({ columns, k: 5 }));
  expect(pauses).toBeGreaterThan(3);
});
