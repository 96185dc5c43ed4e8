import { createHash } from 'node:crypto';
import { type FrequencyReport, frequencyMeter, tokenFromDigest } from '@sdp/shared/tokenization';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CountTable } from '../../src/tokenization/count-table.ts';
import { ValueCounter } from '../../src/tokenization/value-counter.ts';

/** Counts, and what follows from them, the plain way. */
function plainly(values: Iterable<string>) {
  const counts = new Map<string, number>();
  let cells = 0;
  for (const value of values) {
    cells += 1;
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const descending = [...counts.values()].sort((a, b) => b - a);
  const entropyBits = descending.reduce((sum, c) => sum - (c / cells) * Math.log2(c / cells), 0);
  return { cells, distinct: counts.size, descending, entropyBits };
}

function measure(values: Iterable<string>): FrequencyReport {
  const meter = frequencyMeter();
  for (const value of values) meter.add(value);
  return meter.report();
}

/** A number from 0 to 1 that follows from an index alone. */
const scatter = (i: number) => ((Math.imul(i + 1, 0x9e37_79b1) >>> 0) + 0.5) / 2 ** 32;

describe('counting', () => {
  test('is exact for few values', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 3 }), { maxLength: 300 }), (values) => {
        const counter = new ValueCounter();
        for (const value of values) counter.add(value);
        const counts = counter.counts();
        const truth = plainly(values);
        expect(counts).toMatchObject({
          cells: truth.cells,
          distinct: truth.distinct,
          undercount: 0,
          otherwiseAtMost: 0,
        });
        expect(counts.frequent).toEqual(truth.descending);
        expect(counts.entropyBits).toBeCloseTo(truth.entropyBits, 9);
      }),
    );
  });

  test.each([
    ['all different', 300_000, (i: number) => `id-${i}`],
    ['all different but one', 300_000, (i: number) => (i % 20 === 0 ? 'unknown' : `id-${i}`)],
    ['each three times', 300_000, (i: number) => `id-${i % 100_000}`],
    ['a power law', 400_000, (i: number) => `name-${Math.floor(scatter(i) ** -1.05 * 50)}-${i % 3 === 0 ? i : ''}`],
    ['late newcomers', 400_000, (i: number) => (i < 200_000 ? `id-${i}` : i % 2 === 0 ? 'new' : `x-${i % 5_000}`)],
  ])('stays within its bounds for many values: %s', (_, cells, valueAt) => {
    const values = Array.from({ length: cells }, (__, i) => valueAt(i));
    const counter = new ValueCounter();
    for (const value of values) counter.add(value);
    const counts = counter.counts();
    const truth = plainly(values);
    expect(truth.distinct).toBeGreaterThan(65_536);
    expect(counts.cells).toBe(cells);
    // Four standard errors.
    expect(Math.abs(counts.distinct / truth.distinct - 1)).toBeLessThan(0.024);
    expect(Math.abs(counts.entropyBits / truth.entropyBits - 1)).toBeLessThan(0.02);
    expect(counts.undercount).toBeLessThanOrEqual(cells / 8_192);
    for (const [i, count] of counts.frequent.entries()) {
      expect(count).toBeLessThanOrEqual(truth.descending[i] as number);
      expect(count).toBeGreaterThanOrEqual((truth.descending[i] as number) - counts.undercount);
    }
    expect(truth.descending[counts.frequent.length] ?? 0).toBeLessThanOrEqual(counts.otherwiseAtMost);
  });

  test.each([
    ['few', 5_000, 700],
    ['many', 250_000, 250_000],
    ['many, some of them often', 250_000, 90_000],
  ])('tokens are counted by their digits as other values are: %s', (_, cells, different) => {
    const tokens = Array.from({ length: different }, (__, i) =>
      tokenFromDigest(createHash('sha256').update(`value ${i}`).digest('hex')),
    );
    const tokenOf = (i: number) => tokens[i % 7 === 0 ? 0 : i % different] as string;
    const counter = new ValueCounter();
    for (let i = 0; i < cells; i++) counter.addToken(tokenOf(i));
    const counts = counter.counts();
    const truth = plainly(Array.from({ length: cells }, (__, i) => tokenOf(i)));
    expect(counts.cells).toBe(cells);
    if (different < 65_536) expect(counts).toMatchObject({ distinct: truth.distinct, frequent: truth.descending });
    expect(Math.abs(counts.distinct / truth.distinct - 1)).toBeLessThan(0.024);
    expect(Math.abs(counts.entropyBits / truth.entropyBits - 1)).toBeLessThan(0.02);
    expect(counts.top).toBeLessThanOrEqual(truth.descending[0] as number);
    expect(counts.top).toBeGreaterThanOrEqual((truth.descending[0] as number) - counts.undercount);
  });

  test('the table counts as a map does, and knows which count stands where', () => {
    const key = fc.tuple(fc.integer(), fc.constantFrom(0, 1, -1));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(key, fc.integer({ min: 1, max: 200 })), { maxLength: 400 }),
        fc.nat(400),
        (adds, rank) => {
          const table = new CountTable();
          const map = new Map<string, number>();
          for (const [[high, low], count] of adds) {
            table.add(high & 63, low, count);
            const name = `${high & 63}/${low}`;
            map.set(name, (map.get(name) ?? 0) + count);
          }
          const descending = [...map.values()].sort((a, b) => b - a);
          expect(Array.from(table.descending())).toEqual(descending);
          expect(table.countAt(rank)).toBe(descending[rank] ?? 0);
          table.change((_high, _low, count) => count - 100);
          expect(Array.from(table.descending())).toEqual(descending.map((c) => c - 100).filter((c) => c > 0));
          // Once more, in the arrays that the first change has left.
          table.change((_high, _low, count) => count - 50);
          expect(Array.from(table.descending())).toEqual(descending.map((c) => c - 150).filter((c) => c > 0));
          for (const [[high, low], count] of adds) table.add(high & 63, low, count + 150);
          for (const [[high, low]] of adds) expect(table.has(high & 63, low)).toBe(true);
        },
      ),
    );
  });
});

describe('the verdict', () => {
  const repeated = (counts: readonly number[]) =>
    counts.flatMap((count, i) => Array.from({ length: count }, () => `v${i}`));

  test('nothing is judged under 100 cells, and an empty column has a report', () => {
    expect(measure(repeated([50, 49])).verdict).toBe('ok');
    expect(measure([])).toEqual({
      cells: 0,
      distinct: 0,
      topShare: 0,
      entropyBits: 0,
      exposedShare: 0,
      verdict: 'ok',
      advice: '',
    });
  });

  test('a short list is weak, evenly filled or not', () => {
    expect(measure(repeated([502, 498]))).toMatchObject({
      distinct: 2,
      verdict: 'weak',
      advice: expect.stringContaining('few'),
    });
    expect(measure(repeated(Array.from({ length: 31 }, () => 100))).verdict).toBe('weak');
    expect(measure(repeated(Array.from({ length: 80 }, () => 100))).verdict).toBe('weak');
    expect(measure(repeated(Array.from({ length: 120 }, () => 100))).verdict).toBe('ok');
    expect(measure(repeated([1_000]))).toMatchObject({ topShare: 1, exposedShare: 1, verdict: 'weak' });
  });

  test('identifiers are ok, each once or each often', () => {
    expect(measure(Array.from({ length: 5_000 }, (_, i) => `c-${i}`))).toMatchObject({
      entropyBits: expect.closeTo(Math.log2(5_000), 9),
      verdict: 'ok',
    });
    const transactions = Array.from({ length: 50_000 }, (_, i) => `c-${Math.floor(scatter(i) * 2_000)}`);
    expect(measure(transactions)).toMatchObject({ verdict: 'ok', advice: '' });
  });

  test('one value that sticks out is weak from a hundredth of the cells on, and the advice says what it may be', () => {
    const column = (unknown: number) => [
      ...Array.from({ length: 10_000 }, (_, i) => `id-${i}`),
      ...Array.from({ length: unknown }, () => '-'),
    ];
    expect(measure(column(50)).verdict).toBe('ok');
    expect(measure(column(200))).toMatchObject({ verdict: 'weak', advice: expect.stringContaining('null_markers') });
  });

  test('what is matched right is counted: one of a kind surely, two alike once in two', () => {
    const rest = Array.from({ length: 5_000 }, () => 1);
    expect(measure(repeated([1_000, ...rest])).exposedShare).toBeCloseTo(1_000 / 6_000, 9);
    expect(measure(repeated([1_000, 1_010, ...rest])).exposedShare).toBeCloseTo(1_005 / 7_010, 9);
    expect(measure(repeated([2_000, 1_000, 1_010, ...rest])).exposedShare).toBeCloseTo(3_005 / 9_010, 9);
    // A group that goes on among the values that aren't listed is too large to matter.
    expect(measure(repeated(Array.from({ length: 2_000 }, () => 10))).exposedShare).toBe(0);
    // No chance to tell values apart that hardly repeat.
    expect(measure(repeated(Array.from({ length: 90 }, (_, i) => 1 + (i % 3)))).exposedShare).toBe(0);
  });

  test('common names are weak: their order shows', () => {
    const name = (i: number) => `name-${Math.floor(1 / (scatter(i) * 0.999 + 0.001) ** 0.8)}`;
    const large = measure(Array.from({ length: 100_000 }, (_, i) => name(i)));
    expect(large.verdict).toBe('weak');
    expect(large.exposedShare).toBeGreaterThan(0.1);
  });

  test.each([
    ['surnames, a tail of rare ones behind a few common ones', 1_200, 0.9, 2_500],
    ['ages', 70, 0.3, 15_000],
    ['towns', 3_000, 0.6, 20_000],
    ['a list of forty', 40, 1.2, 15_000],
  ])('the estimate is what a match turns back, by a factor of two: %s', (_, different, exponent, cells) => {
    const weights = Array.from({ length: different }, (__, i) => 1 / (i + 3) ** exponent);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const ends: number[] = [];
    for (const weight of weights) ends.push((ends.at(-1) ?? 0) + weight / total);
    // Spread as chance does; `scatter` is more even than that.
    const chance = (text: string) => createHash('sha256').update(text).digest().readUInt32LE() / 2 ** 32;
    const column = (name: string) =>
      Array.from({ length: cells }, (__, i) => {
        const at = chance(`${name} ${i}`);
        return ends.findIndex((end) => at <= end);
      });
    const byFrequency = (values: readonly number[]) => {
      const counts = new Map<number, number>();
      for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
      return [...counts].sort(([, a], [, b]) => b - a).map(([value]) => value);
    };
    const secret = column('secret');
    const known = byFrequency(column('known'));
    const guesses = new Map(byFrequency(secret).map((value, rank) => [value, known[rank]]));
    const turnedBack = secret.filter((value) => guesses.get(value) === value).length / cells;
    const { exposedShare, verdict } = measure(secret.map((value) => `v${value}`));
    expect(exposedShare).toBeGreaterThan(turnedBack / 2 - 0.01);
    expect(exposedShare).toBeLessThan(turnedBack * 2 + 0.01);
    if (turnedBack > 0.025) expect(verdict).toBe('weak');
  });

  test('where more values than can be counted exactly hide one that sticks out, it is found', () => {
    const values = Array.from({ length: 300_000 }, (_, i) => (i % 25 === 0 ? 'n/a' : `id-${i}`));
    const report = measure(values);
    expect(report.verdict).toBe('weak');
    expect(report.topShare).toBeCloseTo(0.04, 3);
    expect(measure(Array.from({ length: 300_000 }, (_, i) => `id-${i}`)).verdict).toBe('ok');
  });
});
