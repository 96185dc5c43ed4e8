import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rateOf } from '../../../src/anomaly/series/counter-rate.ts';
import { type Deviation, SeriesModel } from '../../../src/anomaly/series/series-model.ts';

const judgement = { chance: 0.01, margin: 1, learnSamples: 50, quietSamples: 2 };
const startMs = Date.UTC(2026, 0, 5);
const dayMs = 86_400_000;

const oddValue = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: 40, max: 60, noNaN: true }) },
  fc.constantFrom(0, -0, 1, -1, 5e-324, 1e-310, 1e-40, 1e30, -1e38, 1e308, -1.797e308, 2 ** 53),
);
/** Many of one instant, clocks that jump back and ahead, a sample a day, gaps of weeks. */
const oddStep = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(300_000, 3_600_000) },
  fc.constantFrom(0, 1, -1_000, -dayMs, -400 * dayMs, dayMs, 21 * dayMs, 9_000 * dayMs),
);
const oddSeries = fc.array(fc.tuple(oddValue, oddStep, fc.integer({ min: 1, max: 40 })), {
  minLength: 5,
  maxLength: 60,
});

function samplesOf(series: readonly (readonly [number, number, number])[]): { value: number; atMs: number }[] {
  let atMs = startMs;
  return series.flatMap(([value, stepMs, times]) =>
    Array.from({ length: times }, (_, number) => {
      atMs += stepMs;
      return { value: number % 3 === 0 ? value : 50 + (number % 7), atMs };
    }),
  );
}

function expectFinite(found: Deviation | undefined): void {
  for (const part of Object.values(found ?? {})) {
    if (typeof part === 'number') expect(part).toSatisfy(Number.isFinite);
  }
}

describe('a series', () => {
  test('of any numbers at any times gives finite numbers, and goes on from its state as if never stopped', () => {
    let deviations = 0;
    fc.assert(
      fc.property(oddSeries, fc.boolean(), fc.double({ min: 0, max: 1, noNaN: true }), (series, isRate, part) => {
        const samples = samplesOf(series);
        const whole = new SeriesModel();
        let split = new SeriesModel();
        const stopAt = Math.floor(part * samples.length);
        for (const [number, { value, atMs }] of samples.entries()) {
          if (number === stopAt) split = new SeriesModel(Float32Array.from(split.state));
          const [watched, same] = [whole, split].map(({ state }) => (isRate ? rateOf(state, value, atMs) : value));
          expect(same).toBe(watched);
          if (watched === undefined) continue;
          expect(watched).toSatisfy(Number.isFinite);
          const found = whole.observe(watched, atMs, judgement);
          expect(split.observe(watched, atMs, judgement)).toEqual(found);
          expectFinite(found);
          deviations += found === undefined ? 0 : 1;
        }
        expect(whole.state.every(Number.isFinite)).toBe(true);
        expect(split.state).toEqual(whole.state);
      }),
      { numRuns: 150 },
    );
    expect(deviations).toBeGreaterThan(50);
  });

  test('in another unit has the same findings', () => {
    const values = Array.from({ length: 288 * 6 }, (_, number) => {
      const noise = ((Math.imul(number + 1, 0x9e37_79b1) >>> 0) / 2 ** 32 - 0.5) * 4;
      return 30 + 10 * Math.sin((2 * Math.PI * number) / 288) + noise + (number % 601 === 600 ? 25 : 0);
    });
    const run = (unit: number) => {
      const model = new SeriesModel();
      return values.map((value, number) => model.observe(value * unit, startMs + number * 300_000, judgement));
    };
    const expected = run(1);
    expect(expected.filter(Boolean).length).toBeGreaterThan(1);
    fc.assert(
      fc.property(fc.integer({ min: -30, max: 40 }), (power) => {
        const found = run(2 ** power);
        expect(found.map((one) => one?.sigmas)).toEqual(expected.map((one) => one?.sigmas));
        expect(found.map((one) => one?.kind)).toEqual(expected.map((one) => one?.kind));
      }),
      { numRuns: 10 },
    );
  });
});
