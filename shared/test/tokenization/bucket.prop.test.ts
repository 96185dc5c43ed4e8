import { type BucketSpec, bucketMethod } from '@sdp/shared/tokenization';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const formulaStart = /^[=+\-@\t\r]/;

describe('numbers by size', () => {
  test.each<[number | string, string, string]>([
    [10_000, '35499.5', '[30000, 40000)'],
    [10_000, '30000', '[30000, 40000)'],
    [10_000, '-1', '[-10000, 0)'],
    [10_000, '-10000', '[-10000, 0)'],
    [10_000, '-10000.01', '[-20000, -10000)'],
    [10_000, '1,234,567.8', '[1230000, 1240000)'],
    [10_000, '1.5e4', '[10000, 20000)'],
    [0.1, '0.3', '[0.3, 0.4)'],
    ['0.25', '-.3', '[-0.50, -0.25)'],
    [5, '99999999999999999999', '[99999999999999999995, 100000000000000000000)'],
    [5, ' 7 ', '[5, 10)'],
    [5, '\u22127', '[-10, -5)'],
    [5, '', ''],
  ])('of %s: %j is %s', (size, value, label) => {
    expect(bucketMethod({ size })(value)).toBe(label);
  });

  test('an interval holds the value, has the size, and begins with a bracket', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.integer(), (size, value) => {
        const label = bucketMethod({ size })(String(value)) as string;
        const [, lower, upper] = /^\[(-?\d+), (-?\d+)\)$/.exec(label) ?? [];
        expect(Number(lower) <= value && value < Number(upper)).toBe(true);
        expect(Number(upper) - Number(lower)).toBe(size);
        expect(Number(lower) % size === 0).toBe(true);
      }),
    );
  });

  test('with a decimal comma', () => {
    const method = bucketMethod({ size: 1_000, decimalComma: true });
    expect(method('1.234,5')).toBe('[1000, 2000)');
    expect(method('999,99')).toBe('[0, 1000)');
    expect(method('1.5')).toEqual({ refused: 'not-a-number' });
  });

  test.each(['n/a', '1 2', '--1', '1e', '12,34', '0x10', 'NaN', 'Infinity', '1'.repeat(401), '$5'])(
    '%j is no number',
    (value) => {
      expect(bucketMethod({ size: 5 })(value)).toEqual({ refused: 'not-a-number' });
      expect(bucketMethod({ bounds: [5] })(value)).toEqual({ refused: 'not-a-number' });
    },
  );
});

describe('numbers between bounds', () => {
  test.each<[string, string]>([
    ['-5', '<0'],
    ['0', '[0, 18)'],
    ['17.999', '[0, 18)'],
    ['18', '[18, 65.5)'],
    ['65.5', '>=65.5'],
    ['1e300', '>=65.5'],
  ])('%s is %s', (value, label) => {
    expect(bucketMethod({ bounds: [0, 18, '65.50'] })(value)).toBe(label.replaceAll('65.5', '65.50'));
  });
});

describe('dates by unit', () => {
  test.each<[BucketSpec, string, string]>([
    [{ unit: 'month' }, '2024-02-29', '2024-02'],
    [{ unit: 'quarter' }, '30.06.1999', '1999-Q2'],
    [{ unit: 'year' }, '2.3.1999', '1999'],
    [{ unit: 'decade' }, '19850101T120000Z', '1980s'],
    [{ unit: 'month', order: 'mdy' }, '02/29/2024 10:00', '2024-02'],
  ])('%j: %s is %s', (spec, value, label) => {
    expect(bucketMethod(spec)(value)).toBe(label);
  });

  test('refuses what is no date', () => {
    expect(bucketMethod({ unit: 'year' })('2023-02-29')).toEqual({ refused: 'not-a-date' });
    expect(bucketMethod({ unit: 'year' })('01/02/2024')).toEqual({ refused: 'date-order-needed' });
  });
});

describe('postal codes by prefix', () => {
  test.each<[number, string, string]>([
    [3, '10115', '101**'],
    [3, '90210-1234', '902**-****'],
    [2, 'SW1A 1AA', 'SW** ***'],
    [3, ' 10115 ', '101**'],
    [5, '10115', '*****'],
    [0, '10115', '*****'],
    [3, '=1+1234', '*1*12**'],
  ])('%i of %j is %s', (keepFirst, value, label) => {
    expect(bucketMethod({ keepFirst })(value)).toBe(label);
  });
});

test('no bucket begins a formula', () => {
  const specs: BucketSpec[] = [{ size: 7 }, { bounds: [-3, 3] }, { unit: 'year' }, { keepFirst: 3 }];
  const value = fc.oneof(
    fc.integer().map(String),
    fc.string({ unit: fc.constantFrom('=', '+', '-', '@', '1', 'A', ' ') }),
  );
  fc.assert(
    fc.property(fc.constantFrom(...specs), value, (spec, text) => {
      const outcome = bucketMethod(spec)(text);
      if (typeof outcome === 'string') expect(outcome).not.toMatch(formulaStart);
    }),
  );
});

test.each<BucketSpec>([
  { size: 0 },
  { size: -1 },
  { size: 'ten' },
  { bounds: [] },
  { bounds: [1, 1] },
  { bounds: [2, 1] },
  { bounds: ['x'] },
  { keepFirst: -1 },
  { keepFirst: 1.5 },
])('%j is no way to put values together', (spec) => {
  expect(() => bucketMethod(spec)).toThrow(RangeError);
});
