import { expect, test } from 'vitest';
import { anonymize, ColumnEncoder } from '../../src/anonymization/index.ts';
import { encodeRows, released } from './encode.ts';

const release = (rows: readonly (readonly string[])[], k: number) => anonymize({ columns: encodeRows(rows), k });

test('classes that come out alike are one, with the size of both', () => {
  const rows = Array.from({ length: 40 }, (_, index) => [`category ${index}`]);
  expect(release(rows, 10).classes).toEqual([{ values: ['*'], size: 40, suppressed: false }]);
});

test('numbers written differently are one value', () => {
  const rows = [['7'], ['007'], ['7.0'], ['8'], ['8']];
  expect(released(release(rows, 2))).toEqual([['007'], ['007'], ['007'], ['8'], ['8']]);
});

test('those with and without a value are parted first', () => {
  const rows = [
    ['', 'x'],
    ['', 'y'],
    ['1', 'x'],
    ['9', 'y'],
    ['5', 'x'],
  ];
  const table = released(release(rows, 2));
  expect(table.map(([first]) => first)).toEqual(['', '', '[1, 9]', '[1, 9]', '[1, 9]']);
});

test('the column that spreads widest is cut first, at its median', () => {
  const rows = [
    ['1', '10'],
    ['2', '11'],
    ['3', '10'],
    ['1000', '11'],
  ];
  // The second column takes only two values, both at its ends; the first reaches as far but ties go to the left.
  expect(released(release(rows, 2)).map(([first]) => first)).toEqual(['[1, 2]', '[1, 2]', '[3, 1000]', '[3, 1000]']);
});

test('years, months and days are compared as dates', () => {
  const rows = ['1999-12-31', '2000-01-01', '2000/01/02', '2001-05-05'].map((date) => [date]);
  const [column] = encodeRows(rows);
  expect(column?.kind).toBe('date');
  expect(released(release(rows, 2)).flat()).toEqual([
    '[1999-12-31, 2000-01-01]',
    '[1999-12-31, 2000-01-01]',
    '[2000/01/02, 2001-05-05]',
    '[2000/01/02, 2001-05-05]',
  ]);
});

test('an empty table is released as it is', () => {
  const result = anonymize({ columns: [new ColumnEncoder('age').finish()], k: 2 });
  expect(result.classes).toEqual([]);
  expect(result.classOf).toHaveLength(0);
});
