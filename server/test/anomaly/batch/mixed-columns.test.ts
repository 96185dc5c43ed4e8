import { type AnomalyResult, anomalyParamsSchema, anomalyResultSchema } from '@sdp/shared/contracts';
import { describe, expect, test } from 'vitest';
import { readDate } from '../../../src/anomaly/batch/read-cell.ts';
import { anomalyProcessor } from '../../../src/anomaly/index.ts';
import { type BatchOptions, runProcessor } from '../../support/batch-input.ts';

type Options = Pick<BatchOptions<'anomaly_detection'>, 'columns' | 'rows'> & Partial<BatchOptions<'anomaly_detection'>>;

async function judge(options: Options) {
  const { results } = await runProcessor<'anomaly_detection', AnomalyResult>(anomalyProcessor(), {
    params: {},
    ...options,
  });
  for (const result of results) anomalyResultSchema.parse(result);
  return results;
}

/** Names of the columns that anything is put down to. */
const named = (results: readonly AnomalyResult[]) =>
  [...new Set(results.flatMap(({ columns }) => columns.map(({ column }) => column)))].sort();
const best = (results: readonly AnomalyResult[]) => results.toSorted((a, b) => b.score - a.score)[0];

const words = ['red', 'green', 'blue', 'white'];
/** Repeats, but in no simple rhythm with others. */
const cycle = (index: number, step: number, count: number) => Math.floor(((index * step) % 1) * count);
const word = (index: number) => words[cycle(index, 0.618, 4)] as string;
const amount = (index: number) => 100 + cycle(index, 0.414, 900) / 10;

describe('categories', () => {
  const columns = ['id', 'colour', 'amount'];
  const rows = Array.from({ length: 3_000 }, (_, index) => [`k${index}`, word(index), String(amount(index))]);

  test('a value that a single record has is found, though hardly any tree sees it, and said to be rare', async () => {
    const odd = rows.map((row, index) => (index === 1_234 ? [row[0], 'mauve', row[2]] : row));
    const first = best(await judge({ columns, rows: odd }));
    expect(first).toMatchObject({ key: 'k1234', is_anomaly: true });
    expect(first?.columns[0]).toMatchObject({ column: 'colour', direction: 'rare' });
    expect(first?.columns[0]?.position).toBeCloseTo(1 / 3_000, 3);
    expect(JSON.stringify(first)).not.toContain('mauve');
  });

  test('what categories are called makes no difference', async () => {
    const renamed = rows.map(([id, colour, number]) => [id, `zz${words.indexOf(colour ?? '')}`, number]);
    expect((await judge({ columns, rows: renamed })).map(({ score }) => score)).toEqual(
      (await judge({ columns, rows })).map(({ score }) => score),
    );
  });

  test('a gap by itself is no anomaly', async () => {
    const gap = rows.map((row, index) => (index === 77 ? [row[0], '', row[2]] : row));
    const before = (await judge({ columns, rows }))[77];
    const after = (await judge({ columns, rows: gap }))[77];
    expect(Math.abs((after?.score ?? 1) - (before?.score ?? 0))).toBeLessThan(0.02);
    expect(after?.columns.map(({ column }) => column)).not.toContain('colour');
  });

  test('where most cells are empty, a filled one can be rare', async () => {
    const filled = rows.map((row, index) => [row[0], index % 1_000 === 500 ? 'note' : '', row[2]]);
    const first = best(await judge({ columns, rows: filled }));
    expect(first?.key).toMatch(/^k\d?500$/);
    expect(first?.columns[0]).toMatchObject({ column: 'colour', direction: 'rare' });
  });
});

describe('what tells records apart without saying anything of them is left out', () => {
  const token = (index: number) => `tok_${index.toString(16).padStart(32, '0')}`;
  const cells: Readonly<Record<string, (index: number) => string>> = {
    row_number: (index) => String(10_001 + index),
    account: (index) => String(20_000_000 + ((index * 7_919) % 9_999_991)),
    person: token,
    city: (index) => token(cycle(index, 0.732, 5)),
    remark: (index) => `remark number ${index} of many`,
    same: () => 'always',
  };

  test.each(Object.keys(cells))('%s', async (name) => {
    const of = cells[name] as (index: number) => string;
    const rows = Array.from({ length: 400 }, (_, index) => [`k${index}`, of(index), String(amount(index))]);
    expect(named(await judge({ columns: ['id', name, 'amount'], rows }))).toEqual(['amount']);
  });

  test('but tokens that repeat are looked at when they are asked for', async () => {
    const rows = Array.from({ length: 400 }, (_, index) => [`k${index}`, token(index === 9 ? 99 : index % 5)]);
    const first = best(await judge({ columns: ['id', 'city'], rows, params: { columns: ['city'] } }));
    expect(first).toMatchObject({ key: 'k9', columns: [{ column: 'city', direction: 'rare' }] });
  });

  test('but numbers in a row are looked at where there is nothing else', async () => {
    const rows = Array.from({ length: 400 }, (_, index) => [token(index), String(index === 399 ? 5_000 : index)]);
    expect(named(await judge({ columns: ['id', 'amount'], rows }))).toEqual(['amount']);
    const inOrder = rows.map(([id], index) => [id, String(index)]);
    expect(named(await judge({ columns: ['id', 'amount'], rows: inOrder as string[][] }))).toEqual(['amount']);
  });

  test('and a number of eight digits that repeats is a number', async () => {
    const rows = Array.from({ length: 400 }, (_, index) => [`k${index}`, String(20_000_000 + (index % 50))]);
    expect(named(await judge({ columns: ['id', 'price'], rows }))).toEqual(['price']);
  });
});

describe('numbers and dates in texts', () => {
  const oddAt = 210;
  const pick = async (cell: (index: number) => string) => {
    const rows = Array.from({ length: 400 }, (_, index) => [`k${index}`, cell(index)]);
    return best(await judge({ columns: ['id', 'value'], rows }));
  };

  test.each<[string, (index: number) => string]>([
    ['with thousands separators', (index) => (index === oddAt ? '91,250.50' : `1,${200 + cycle(index, 0.618, 90)}.25`)],
    ['with a decimal comma', (index) => (index === oddAt ? '91.250,50' : `1.${200 + cycle(index, 0.618, 90)},25`)],
    ['with a currency', (index) => `${index === oddAt ? 95_000 : amount(index)} €`],
    ['with a percent sign', (index) => `${index === oddAt ? 9_500 : amount(index)}%`],
    ['of dates', (index) => (index === oddAt ? '2031-02-03' : `2026-03-${10 + cycle(index, 0.618, 15)}`)],
    ['of dates with dots', (index) => (index === oddAt ? '03.02.2031' : `${10 + cycle(index, 0.618, 15)}.03.2026`)],
  ])('%s', async (_, cell) => {
    expect(await pick(cell)).toMatchObject({ key: `k${oddAt}`, columns: [{ column: 'value', direction: 'high' }] });
  });

  test('a time of day', async () => {
    const time = (index: number) => (index === oddAt ? '03:12' : `${10 + cycle(index, 0.414, 7)}:${10 + (index % 49)}`);
    const first = await pick((index) => `2026-03-${10 + cycle(index, 0.618, 15)} ${time(index)}:00`);
    expect(first?.key).toBe(`k${oddAt}`);
    expect(first?.columns[0]).toMatchObject({ column: 'value', aspect: 'time_of_day', direction: 'low' });
  });
});

test.each([
  ['2026-02-28', 20_512],
  ['2026/02/28', 20_512],
  ['28.02.2026', 20_512],
  ['2026-02-28T12:00:00.5Z', 20_512.5 + 0.5 / 86_400],
  ['2026-02-28 18:00+02:00', 20_512.75],
  ['2026-02-30', undefined],
  ['2026-13-01', undefined],
  ['2026-02/28', undefined],
  ['02/28/2026', undefined],
  ['2026-02-28T25:00', undefined],
  ['2026-02-28T12:60', undefined],
  ['soon', undefined],
])('the date %s', (text, days) => {
  if (days === undefined) expect(readDate(text)).toBeUndefined();
  else expect(readDate(text)?.days).toBeCloseTo(days, 9);
});

describe('parameters', () => {
  const columns = ['id', 'colour', 'amount'];
  const rows = Array.from({ length: 1_000 }, (_, index) => [`k${index}`, word(index), String(amount(index))]);

  test('contamination is the share that is called anomalies', async () => {
    for (const contamination of [0.01, 0.1, 0.5]) {
      const results = await judge({ columns, rows, params: { contamination } });
      const found = results.filter(({ is_anomaly }) => is_anomaly);
      expect(found.length).toBeGreaterThan(0.8 * contamination * rows.length);
      expect(found.length).toBeLessThanOrEqual(contamination * rows.length);
      const others = results.filter(({ is_anomaly }) => !is_anomaly).map(({ score }) => score);
      expect(Math.min(...found.map(({ score }) => score))).toBeGreaterThanOrEqual(Math.max(...others));
    }
  });

  test('a threshold is where the line is drawn', async () => {
    for (const { score, is_anomaly } of await judge({ columns, rows, params: { threshold: 0.46 } })) {
      expect(is_anomaly).toBe(score > 0.46);
    }
  });

  test('not both', () => {
    expect(anomalyParamsSchema.safeParse({ contamination: 0.1, threshold: 0.6 }).success).toBe(false);
  });

  test('columns can be left out, and must be there', async () => {
    expect(named(await judge({ columns, rows, params: { exclude: ['colour'] } }))).toEqual(['amount']);
    await expect(judge({ columns, rows, params: { exclude: ['size'] } })).rejects.toMatchObject({
      code: 'batch-unprocessable',
      details: { column: 'size' },
    });
  });
});
