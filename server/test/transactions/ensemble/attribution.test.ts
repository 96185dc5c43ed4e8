import { expect, it } from 'vitest';
import { Attribution } from '../../../src/transactions/ensemble/attribution.ts';
import type { Manifest } from '../../../src/transactions/ensemble/manifest.ts';
import { featureSet } from '../../../src/transactions/features/index.ts';

const names = ['amount', 'is_night', 'terminal_reports_7d', 'terminal_reports_14d'];
const manifest = {
  members: [{ features: names }],
  ordinary: { amount: 1, is_night: 0, terminal_reports_7d: 0, terminal_reports_14d: 0 },
} as unknown as Manifest;
const width = featureSet.names.length;
const column = (name: string) => featureSet.names.indexOf(name);

/** Explains one row by a made-up model of the four features. */
async function explain(model: (of: (name: string) => number) => number, values: Record<string, number>) {
  const score = async (matrix: Float32Array, rows: number) =>
    Float64Array.from({ length: rows }, (_, row) => model((name) => matrix[row * width + column(name)] as number));
  const vector = new Float32Array(width).fill(99);
  for (const name of names) vector[column(name)] = values[name] ?? (manifest.ordinary[name] as number);
  const attribution = await Attribution.of(manifest, score);
  const [whole] = await score(vector, 1);
  const [contributions] = await attribution.explain([{ vector, score: whole as number }]);
  return Object.fromEntries(contributions ?? []);
}

it('is exact for what families add', async () => {
  const model = (of: (name: string) => number) =>
    0.1 * of('amount') + 0.2 * of('is_night') - 0.05 * of('terminal_reports_7d');
  expect(await explain(model, { amount: 3, is_night: 1, terminal_reports_7d: 2 })).toEqual({
    amount: expect.closeTo(0.2, 9),
    time_of_day: expect.closeTo(0.2, 9),
    terminal_reports: expect.closeTo(-0.1, 9),
  });
});

it('shares what two families do together, whether both are needed or either is enough', async () => {
  const values = { amount: 2, is_night: 1 };
  const both = (of: (name: string) => number) => (of('amount') > 1 && of('is_night') > 0 ? 1 : 0);
  const either = (of: (name: string) => number) => (of('amount') > 1 || of('is_night') > 0 ? 1 : 0);
  for (const model of [both, either]) {
    expect(await explain(model, values)).toEqual({ amount: 0.5, time_of_day: 0.5 });
  }
});

it('takes the features of a family together', async () => {
  const model = (of: (name: string) => number) =>
    of('terminal_reports_7d') > 0 || of('terminal_reports_14d') > 0 ? 1 : 0;
  expect(await explain(model, { terminal_reports_7d: 1, terminal_reports_14d: 2 })).toEqual({
    terminal_reports: 1,
  });
});

it('says nothing of an ordinary transaction', async () => {
  expect(await explain((of) => of('amount'), {})).toEqual({});
});
