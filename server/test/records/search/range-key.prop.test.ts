import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Comparison, comparisons, isInRange, rangeKey, rangeOf } from '../../../src/records/index.ts';

/** Sign, digits and power of ten: compared below without floating-point numbers. */
const decimal = fc.record({
  negative: fc.boolean(),
  digits: fc.stringMatching(/^(0|[1-9][0-9]{0,30})$/),
  fraction: fc.stringMatching(/^[0-9]{0,30}$/),
  power: fc.integer({ min: -60, max: 60 }),
});
type Decimal = typeof decimal extends fc.Arbitrary<infer T> ? T : never;

const textOf = ({ negative, digits, fraction, power }: Decimal) =>
  `${negative ? '-' : ''}${digits}${fraction && `.${fraction}`}${power === 0 ? '' : `e${power}`}`;

/** The number times ten to the 90th, which makes it whole. */
const scaled = ({ negative, digits, fraction, power }: Decimal) => {
  const whole = BigInt(digits + fraction) * 10n ** BigInt(90 + power - fraction.length);
  return negative ? -whole : whole;
};
const sign = (difference: bigint | number) => (difference > 0 ? 1 : difference < 0 ? -1 : 0);
const holds: Record<Comparison, (order: number) => boolean> = {
  eq: (order) => order === 0,
  lt: (order) => order < 0,
  le: (order) => order <= 0,
  gt: (order) => order > 0,
  ge: (order) => order >= 0,
};

describe('keys of a column that is sorted', () => {
  it('sort numbers by their exact value', () => {
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        const order = Buffer.compare(rangeKey(textOf(a)), rangeKey(textOf(b)));
        expect(sign(order)).toBe(sign(scaled(a) - scaled(b)));
      }),
      { numRuns: 2_000 },
    );
  });

  it('sort JSON numbers as PostgreSQL or anybody else would', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        (a, b) => {
          expect(sign(Buffer.compare(rangeKey(a), rangeKey(b)))).toBe(sign(a - b));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('sort texts by code point, behind numbers and before what is missing', () => {
    const text = fc.string({ unit: 'binary' }).filter((each) => !/^-?\d/.test(each) && each.isWellFormed());
    fc.assert(
      fc.property(text, text, decimal, (a, b, number) => {
        const codePoints = Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
        expect(sign(Buffer.compare(rangeKey(a), rangeKey(b)))).toBe(sign(codePoints));
        expect(Buffer.compare(rangeKey(textOf(number)), rangeKey(a))).toBeLessThan(0);
        expect(Buffer.compare(rangeKey(a), rangeKey(null))).toBeLessThan(0);
        expect(rangeKey(undefined)).toEqual(rangeKey(null));
      }),
    );
  });

  it('lie in the range of a comparison if and only if it holds', () => {
    fc.assert(
      fc.property(decimal, decimal, fc.constantFrom(...comparisons), (a, b, comparison) => {
        const found = isInRange(rangeKey(textOf(a)), rangeOf(comparison, textOf(b)));
        expect(found).toBe(holds[comparison](sign(scaled(a) - scaled(b))));
      }),
      { numRuns: 2_000 },
    );
    const text = fc.string({ unit: fc.constantFrom('a', 'z', '~', 'é', '\u{10ffff}', '\u0000'), maxLength: 4 });
    fc.assert(
      fc.property(text, text, fc.constantFrom(...comparisons), (a, b, comparison) => {
        const order = Buffer.compare(Buffer.from(a), Buffer.from(b));
        expect(isInRange(rangeKey(a), rangeOf(comparison, b))).toBe(holds[comparison](order));
      }),
    );
  });

  it.each(['007', '+5', '.5', '5.', '0x10', '1e', '١', '--1', 'NaN', '1e9999999999', ' 1'])(
    'take %j for a text',
    (text) => {
      expect(rangeKey(text)[0]).toBe(0x20);
    },
  );

  it('keep numbers and texts out of one another’s ranges', () => {
    expect(isInRange(rangeKey('a'), rangeOf('gt', '5'))).toBe(false);
    expect(isInRange(rangeKey(5), rangeOf('lt', 'a'))).toBe(false);
    expect(isInRange(rangeKey(null), rangeOf('ge', 'a'))).toBe(false);
    expect(isInRange(rangeKey(true), rangeOf('eq', 'true'))).toBe(true);
  });
});
