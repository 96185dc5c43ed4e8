import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hasTestData, testDataPath } from '../../../../test/support/test-data.ts';
import {
  anonymize,
  type EncodedColumn,
  type Generalization,
  generalizationOf,
  type HierarchySpec,
  parseHierarchy,
} from '../../../src/anonymization/index.ts';
import { encodeRows, released } from '../encode.ts';

const column = (...values: string[]) => encodeRows(values.map((value) => [value]))[0] as EncodedColumn;
const levelsOf = (each: Generalization, value: string) => {
  const code = each.column.texts.indexOf(value);
  return each.levels.map(({ groupOf, labels }) => labels[groupOf[code] ?? -1]);
};
const lossesOf = (each: Generalization, value: string) => {
  const code = each.column.texts.indexOf(value);
  return each.levels.map(({ groupOf, loss }) => loss[groupOf[code] ?? -1]);
};

describe('hierarchies from files', () => {
  test('are read with any delimiter, quotes, byte order mark and line ends', () => {
    const expected = [
      ['a', 'x', '*'],
      ['b; c', 'x', '*'],
      ['d"e', 'y', '*'],
    ];
    expect(parseHierarchy('\uFEFFa;x;*\r\n"b; c";x;*\r\n\r\n"d""e";y;*', 'c')).toEqual(expected);
    expect(parseHierarchy('a,x,*\nb; c,x,*\n"d""e",y,*\n', 'c')).toEqual(expected);
  });

  test.each([
    ['rows of different lengths', 'a;x;*\nb;*'],
    ['one column', 'a\nb'],
    ['nothing', ''],
    ['a value twice', 'a;x;*\na;x;*'],
    ['a group with two parents', 'a;x;1\nb;x;2'],
    ['an open quote', '"a;x;*'],
  ])('%s is refused without quoting any of it', (_, text) => {
    expect(() => parseHierarchy(text, 'city')).toThrow(
      expect.objectContaining({ code: 'hierarchy-invalid', message: expect.stringContaining('city') }),
    );
  });

  test('count their own values, whether they occur or not', () => {
    const rows = parseHierarchy('1;low;*\n2;low;*\n3;low;*\n8;high;*\n9;high;*', 'n');
    const each = generalizationOf(column('1', '8', ''), { kind: 'table', rows });
    expect(levelsOf(each, '1')).toEqual(['1', 'low', '*']);
    expect(lossesOf(each, '1')).toEqual([0, 0.5, 1]);
    expect(levelsOf(each, '')).toEqual(['', '', '*']);
  });

  test('must have every value of the column; numbers may be spelled otherwise', () => {
    const rows = parseHierarchy('7;odd;*\n8;even;*', 'n');
    expect(levelsOf(generalizationOf(column('07', '8'), { kind: 'table', rows }), '07')).toEqual(['07', 'odd', '*']);
    expect(() => generalizationOf(column('7', '9'), { kind: 'table', rows })).toThrow(
      expect.objectContaining({ code: 'hierarchy-invalid', details: { column: 'c0', count: 1 } }),
    );
  });

  test('a label can be no formula', () => {
    const each = generalizationOf(column('a'), {
      kind: 'table',
      rows: [
        ['a', '=1+1', 'b'],
        ['c', 'd', 'e'],
      ],
    });
    expect(levelsOf(each, 'a')).toEqual(['a', '*']);
    const two = generalizationOf(column('a', 'c'), {
      kind: 'table',
      rows: [
        ['a', '=1+1', 'b'],
        ['c', 'd', 'e'],
      ],
    });
    expect(levelsOf(two, 'a')).toEqual(['a', '{=1+1}', 'b', '*']);
  });
});

describe('hierarchies made automatically', () => {
  test('are intervals for numbers', () => {
    const each = generalizationOf(column('0', '25', '31', '100'), { kind: 'intervals', widths: [10, 50] });
    expect(levelsOf(each, '25')).toEqual(['25', '[20, 30)', '[0, 50)', '*']);
    expect(lossesOf(each, '25')).toEqual([0, 0.1, 0.5, 1]);
    const fractions = generalizationOf(column('0.1', '0.3', '0.7', '-0.2'), { kind: 'intervals', widths: [0.1] });
    expect(levelsOf(fractions, '0.3')).toEqual(['0.3', '[0.3, 0.4)', '*']);
    expect(levelsOf(fractions, '-0.2')).toEqual(['[-0.2]', '[-0.2, -0.1)', '*']);
  });

  test.each([[[]], [[10, 25]], [[10, 10]], [[0]], [[-5, 10]]])('widths that do not nest are refused: %j', (widths) => {
    expect(() => generalizationOf(column('1', '99'), { kind: 'intervals', widths })).toThrow('multiple');
  });

  test('are no narrower than values are apart', () => {
    expect(levelsOf(generalizationOf(column('1', '2')), '1')).toEqual(['1', '*']);
    expect(levelsOf(generalizationOf(column('1', '2', '3', '4', '5')), '3')).toEqual(['3', '[2, 4)', '*']);
    const ages = generalizationOf(column(...Array.from({ length: 80 }, (_, index) => String(17 + index))));
    expect(levelsOf(ages, '39')).toEqual(['39', '[35, 40)', '[30, 40)', '[20, 40)', '[0, 40)', '*']);
  });

  test('are units of time for dates', () => {
    const each = generalizationOf(column('1987-05-17', '1987-02-01', '2003-11-30'), { kind: 'auto' });
    expect(levelsOf(each, '1987-05-17')).toEqual([
      ...['1987-05-17', '1987-05-17', '1987-05', '1987-Q2', '1987', '[1980, 1989]', '*'],
    ]);
  });

  test('mask from the end, or suppress', () => {
    expect(levelsOf(generalizationOf(column('AB1', 'AB2', 'C'), { kind: 'mask' }), 'AB1')).toEqual([
      ...['AB1', 'AB*', 'A**', '*'],
    ]);
    expect(levelsOf(generalizationOf(column('x', 'y'), { kind: 'auto' }), 'x')).toEqual(['x', '*']);
  });

  test('nest: what shares a group shares all higher ones, and hides no less there', () => {
    const specs: HierarchySpec[] = [{ kind: 'auto' }, { kind: 'mask' }];
    const value = fc.oneof(
      fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((number) => number.toFixed(2)),
      fc.constant(''),
    );
    const date = fc
      .integer({ min: -40_000, max: 40_000 })
      .map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10));
    const values = fc.oneof(
      fc.array(value, { minLength: 1, maxLength: 60 }),
      fc.array(date, { minLength: 1, maxLength: 60 }),
    );
    fc.assert(
      fc.property(values, fc.constantFrom(...specs), (texts, spec) => {
        const { levels } = generalizationOf(column(...texts), spec);
        for (const [index, { groupOf, loss }] of levels.entries()) {
          const above = levels[index + 1];
          if (above === undefined) break;
          const parent = new Map<number, number>();
          for (const [code, group] of groupOf.entries()) {
            const up = above.groupOf[code] ?? -1;
            expect(parent.get(group) ?? up).toBe(up);
            parent.set(group, up);
            expect(above.loss[up]).toBeGreaterThanOrEqual((loss[group] ?? 2) - 1e-12);
          }
        }
        expect([levels.at(-1)?.labels, levels.at(-1)?.loss]).toEqual([['*'], Float64Array.of(1)]);
      }),
    );
  });
});

test('Mondrian releases the labels of a hierarchy, the lowest that fit', () => {
  const rows = ['Leeds', 'York', 'Lagos', 'Kano', 'Leeds', 'York', 'Lagos', 'Kano'].map((city) => [city]);
  const columns = encodeRows(rows);
  const spec: HierarchySpec = {
    kind: 'table',
    rows: [
      ['Leeds', 'England', '*'],
      ['York', 'England', '*'],
      ['Lagos', 'Nigeria', '*'],
      ['Kano', 'Nigeria', '*'],
    ],
  };
  const generalizations = columns.map((each) => generalizationOf(each, spec));
  expect(released(anonymize({ columns, k: 4, generalizations })).flat()).toEqual(
    rows.flat().map((city) => (city === 'Leeds' || city === 'York' ? 'England' : 'Nigeria')),
  );
  expect(released(anonymize({ columns, k: 2, generalizations })).flat()).toEqual(rows.flat());
});

const adult = ['anon-arx-adult', 'adult_hierarchy_age.csv'] as const;
test.skipIf(!hasTestData(...adult))('ARX’s own file is read (skipped where absent)', () => {
  const rows = parseHierarchy(readFileSync(testDataPath(...adult), 'utf8'), 'age');
  expect(rows).toHaveLength(100);
  expect(rows[38]).toEqual(['39', '35-39', '30-39', '20-39', '*']);
});
