import type { AnomalyResult, Cell } from '@sdp/shared/contracts';
import { describe, expect, test } from 'vitest';
import { readNumber } from '../../../src/anomaly/batch/read-cell.ts';
import { anomalyProcessor } from '../../../src/anomaly/index.ts';
import { runProcessor } from '../../support/batch-input.ts';

type Rows = readonly (readonly Cell[])[];

async function judge(columns: readonly string[], rows: Rows, params = {}): Promise<AnomalyResult[]> {
  return (await runProcessor<'anomaly_detection', AnomalyResult>(anomalyProcessor(), { columns, rows, params }))
    .results;
}

/** Spread evenly over 0 to 1, but in no order. */
const even = (index: number) => (index * 0.618_033_988_75) % 1;
const rowsOf = (count: number, cells: (index: number) => readonly Cell[]): Rows =>
  Array.from({ length: count }, (_, index) => [`k${index}`, ...cells(index)]);
const most = (results: readonly AnomalyResult[]) => results.toSorted((a, b) => b.score - a.score)[0];

describe('cells that programs write for what is missing', () => {
  test.each(['NA', 'n/a', 'NaN', 'null', 'None', '?', '-'])('%s is a gap in a column of numbers', async (sign) => {
    const amount = (index: number) => (index === 7 ? '9000' : (100 + even(index) * 50).toFixed(4));
    const results = await judge(
      ['id', 'amount'],
      rowsOf(300, (at) => [at % 3 === 0 ? sign : amount(at)]),
    );
    expect(most(results)).toMatchObject({ key: 'k7', columns: [{ column: 'amount', direction: 'high' }] });
    const gaps = results.filter((_, at) => at % 3 === 0).map(({ score }) => score);
    expect(Math.max(...gaps)).toBeLessThan(0.5);
  });

  test('and a value like others in a column of categories', async () => {
    const results = await judge(
      ['id', 'plan'],
      rowsOf(300, (at) => [at === 7 ? 'none' : (['a', 'b'][at % 2] ?? '')]),
    );
    expect(most(results)).toMatchObject({ key: 'k7', columns: [{ column: 'plan', direction: 'rare' }] });
  });
});

describe('numbers that float32 can’t hold', () => {
  test.each([1e39, -1e300, '1e200'])('%s is found, and is no gap', async (huge) => {
    const results = await judge(
      ['id', 'n'],
      rowsOf(300, (at) => [at === 7 ? huge : 100 + even(at)]),
    );
    expect(most(results)).toMatchObject({ key: 'k7', columns: [{ column: 'n' }] });
  });

  test.each([
    ['times in milliseconds', 1_767_225_600_000, 100_000],
    ['whole numbers of fifteen digits', 900_000_000_000_000, 1_000],
    ['tiny numbers', 0, 1e-9],
    ['numbers around zero', -5e-7, 1e-6],
  ])('%s: the one apart from the others is found', async (_, from, range) => {
    const value = (at: number) => from + (at === 7 ? 2 : even(at)) * range;
    const results = await judge(
      ['id', 'n'],
      rowsOf(300, (at) => [value(at)]),
    );
    expect(most(results)).toMatchObject({ key: 'k7', is_anomaly: true, columns: [{ column: 'n', direction: 'high' }] });
  });

  test('zero and minus zero are one number', async () => {
    const judged = async (zero: Cell) =>
      (
        await judge(
          ['id', 'n'],
          rowsOf(100, (at) => [at % 2 === 0 ? zero : at % 7]),
        )
      ).map(({ score }) => score);
    expect(await judged(-0)).toEqual(await judged(0));
    expect(await judged('-0')).toEqual(await judged('0'));
  });
});

test.each([
  ['1 234,50', 'comma', 1_234.5],
  ['1\u00a0234\u00a0567', 'grouped', 1_234_567],
  ['1\u202f234,5', 'comma', 1_234.5],
  ['1’234.50', 'grouped', 1_234.5],
  ["1'234'567", 'grouped', 1_234_567],
  ['-1,234.5', 'grouped', -1_234.5],
  ['1,234 567', 'grouped', Number.NaN],
  ['12 34', 'grouped', Number.NaN],
  ['1 2345', 'comma', Number.NaN],
] as const)('%j, written %s', (text, form, value) => {
  expect(readNumber(text, form)).toBe(value);
});

describe('batches of odd shapes', () => {
  test('two records', async () => {
    const results = await judge(
      ['id', 'n'],
      [
        ['a', 1],
        ['b', 2],
      ],
    );
    expect(results.map(({ score }) => score)).toEqual([results[0]?.score, results[0]?.score]);
  });

  test('true and false are a category', async () => {
    const results = await judge(
      ['id', 'ok'],
      rowsOf(300, (at) => [at !== 7]),
    );
    expect(most(results)).toMatchObject({ key: 'k7', columns: [{ column: 'ok', direction: 'rare' }] });
  });

  test('200 columns, one of them all missing, one constant', async () => {
    const columns = ['id', ...Array.from({ length: 200 }, (_, at) => `c${at}`)];
    const rows = rowsOf(300, (row) =>
      Array.from({ length: 200 }, (_, at) =>
        at === 0 ? '' : at === 1 ? 5 : even(row * 200 + at) + (row === 7 ? 3 : 0),
      ),
    );
    const results = await judge(columns, rows);
    expect(most(results)).toMatchObject({ key: 'k7', is_anomaly: true });
    const named = new Set(results.flatMap((result) => result.columns.map(({ column }) => column)));
    expect(named.has('c0') || named.has('c1')).toBe(false);
  });

  test.each([
    ['only a key', ['id'], [['a'], ['b']]],
    [
      'a column all missing',
      ['id', 'n'],
      [
        ['a', ''],
        ['b', null],
        ['c', ''],
      ],
    ],
    ['one record', ['id', 'n'], [['a', 1]]],
  ])('refuses %s', async (_, columns, rows) => {
    await expect(judge(columns, rows)).rejects.toMatchObject({ code: 'batch-unprocessable' });
  });
});
