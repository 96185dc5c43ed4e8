import { describe, expect, test } from 'vitest';
import { rateOf } from '../../../src/anomaly/series/counter-rate.ts';
import { type Deviation, SeriesModel } from '../../../src/anomaly/series/series-model.ts';
import { seriesSettingsSchema } from '../../../src/anomaly/series/series-settings.ts';

const settings = seriesSettingsSchema.parse({});
const judgement = {
  chance: settings.chance,
  margin: settings.margin,
  learnSamples: settings.learn_samples,
  quietSamples: settings.quiet_samples,
};
/** A Monday. */
const startMs = Date.UTC(2026, 0, 5);
const stepMs = 300_000;
const perDay = 288;

/** Near to normal: mean 0, deviation 1, the same for the same number. */
function noise(number: number): number {
  let sum = 0;
  let mixed = Math.imul(number + 1, 0x9e37_79b1);
  for (let part = 0; part < 6; part += 1) {
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b_3c6d) ^ part;
    sum += (mixed >>> 0) / 2 ** 32 - 0.5;
  }
  return sum * Math.SQRT2;
}

interface Told extends Deviation {
  readonly number: number;
}

function told(values: readonly number[], model = new SeriesModel()): Told[] {
  return values.flatMap((value, number) => {
    const found = model.observe(value, startMs + number * stepMs, judgement);
    return found === undefined ? [] : [{ ...found, number }];
  });
}

const flat = (number: number) => 50 + 5 * noise(number);
const wave = (number: number) => 50 + 20 * Math.sin((2 * Math.PI * number) / perDay) + 3 * noise(number);
const workday = (number: number) => (Math.floor(number / perDay) % 7 < 5 ? wave(number) : 25 + 3 * noise(number));
const values = (days: number, usual: (number: number) => number) =>
  Array.from({ length: days * perDay }, (_, n) => usual(n));

describe('what is found', () => {
  test('a weekend is none once weeks are known, a weekday on a Saturday is one', () => {
    const weeks = values(35, workday);
    const afterWeeks = ({ kind, number }: Told) => number > 22 * perDay && kind !== 'drift';
    expect(told(weeks).filter(afterWeeks)).toEqual([]);
    const saturday = 33 * perDay + perDay / 4;
    const odd = weeks.with(saturday, 70);
    expect(told(odd).filter(afterWeeks)).toMatchObject([{ number: saturday, kind: 'up' }]);
  });

  test('a level that rises by five sigmas a day, though no sample is far from the one before', () => {
    const from = 14 * perDay;
    const rising = values(17, (number) => flat(number) + Math.max(0, ((number - from) * 25) / perDay));
    const found = told(rising);
    expect(found.filter(({ number }) => number < from)).toEqual([]);
    expect(found[0]).toMatchObject({ kind: 'drift', season: 'none' });
    expect((found[0] as Told).number).toBeLessThan(from + perDay);
  });

  test('a value that does not change any more; zeros are a count of nothing', () => {
    const from = 14 * perDay;
    const stopped = (last: number) => values(15, (number) => (number < from ? flat(number) : last));
    const [found] = told(stopped(flat(from - 1)));
    expect(found).toMatchObject({ kind: 'frozen', sigmas: 0 });
    expect((found as Told).number - from).toBeLessThan(perDay / 4);
    const sparse = values(20, (number) => (number % 50 === 0 && number < 10 * perDay ? 1 : 0));
    expect(told(sparse).filter(({ kind }) => kind === 'frozen')).toEqual([]);
  });

  test('something severe right after something small', () => {
    const at = 14 * perDay;
    const usual = values(15, flat);
    const small = usual.with(at, 70);
    expect(told(small).map(({ number, severity }) => [number, severity])).toEqual([[at, 0]]);
    expect(told(small.with(at + 5, 200)).map(({ number, severity }) => [number, severity])).toEqual([
      [at, 0],
      [at + 5, 2],
    ]);
    expect(told(usual.with(at, 200).with(at + 5, 200))).toHaveLength(1);
  });

  test('after one absurd value, a spike a day later', () => {
    const at = 14 * perDay;
    const found = told(
      values(17, flat)
        .with(at, 1e15)
        .with(at + perDay + 50, 150),
    );
    expect(found.slice(0, 2).map(({ number }) => number)).toEqual([at, at + perDay + 50]);
  });
});

describe('clocks and counts', () => {
  test('a clock set back by a day is followed after some samples', () => {
    const model = new SeriesModel();
    told(values(10, flat), model);
    const back = startMs + 9 * 86_400_000;
    const found = Array.from({ length: 120 }, (_, number) =>
      model.observe(number === 100 ? 150 : flat(number), back + number * stepMs, judgement),
    );
    expect(found.flatMap((one, number) => (one === undefined ? [] : [number]))).toEqual([100]);
  });

  test('a count that only grows is watched by how fast, and begins anew with its program', () => {
    const model = new SeriesModel();
    let count = 1e12;
    const from = 14 * perDay;
    const found: number[] = [];
    for (let number = 0; number < 16 * perDay; number += 1) {
      count = number % 1_000 === 999 ? 0 : count + (number === from + 40 ? 3_000 : 300) + 20 * noise(number);
      const rate = rateOf(model.state, count, startMs + number * stepMs);
      if (rate !== undefined && model.observe(rate, startMs + number * stepMs, judgement) !== undefined)
        found.push(number);
    }
    expect(found).toEqual([from + 40]);
  });

  test('a rate is of the time since the sample before, of the same time or of a smaller count none', () => {
    const { state } = new SeriesModel();
    const rates = [
      [100, 0],
      [400, 60_000],
      [400, 60_000],
      [700, 120_000],
      [5, 180_000],
      [65, 240_000],
    ].map(([count, atMs]) => rateOf(state, count as number, startMs + (atMs as number)));
    expect(rates).toEqual([undefined, 5, undefined, 5, undefined, 1]);
  });
});
