import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ExponentialWeights } from '../../../src/anonymization/privacy/exponential-weights.ts';
import {
  type Decimal,
  decimalFromNumber,
  decimalToNumber,
  epsilonOf,
  formatDecimal,
  Lattice,
  PrivacyAccount,
  parseDecimal,
  pureCost,
  rhoWithin,
} from '../../../src/anonymization/privacy/index.ts';
import { StepSum } from '../../../src/anonymization/privacy/step-sum.ts';

const anyNumber = fc.oneof(fc.double({ noNaN: true }), fc.integer());
const boundsArbitrary = fc
  .tuple(fc.double({ min: -1e9, max: 1e9, noNaN: true }), fc.double({ min: 1e-6, max: 1e9, noNaN: true }))
  .map(([lower, width]) => ({ lower, upper: lower + width }))
  .filter(({ lower, upper }) => lower < upper);
const decimalArbitrary = fc.bigInt({ min: 0n, max: 10n ** 24n }).map((value) => value as Decimal);

const fractionBits = 300n;

/** A fixed-point number below exp(numerator / denominator): its series, each term rounded down. */
function expBelow(numerator: bigint, denominator: bigint): bigint {
  let term = 1n << fractionBits;
  let sum = 0n;
  for (let n = 1n; term > 0n; n += 1n) {
    sum += term;
    term = (term * numerator) / (denominator * n);
  }
  return sum;
}

describe('decimals', () => {
  test('are read back as they are written', () => {
    fc.assert(fc.property(decimalArbitrary, (value) => parseDecimal(formatDecimal(value)) === value));
  });

  test('add up as people do', () => {
    const tenth = parseDecimal('0.1') as bigint;
    expect(formatDecimal((tenth * 3n) as Decimal)).toBe('0.3');
    expect(parseDecimal('1e-6')).toBe(parseDecimal('0.000001'));
    for (const text of ['', '-1', '.5', '1.', '1e', 'x', '0x1', '1e-19', 'Infinity', '1'.repeat(20)]) {
      expect(parseDecimal(text)).toBeUndefined();
    }
  });

  test('of computed bounds lie on the safe side', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), (value) => {
        const up = decimalFromNumber(value, { up: true });
        const down = decimalFromNumber(value, { up: false });
        expect(up - down).toBeLessThanOrEqual(1n);
        expect(decimalToNumber(down)).toBeLessThanOrEqual(value);
        expect(decimalToNumber(up)).toBeGreaterThanOrEqual(value);
      }),
    );
  });
});

describe('clamping', () => {
  test('keeps each value between the bounds, and near where it was', () => {
    fc.assert(
      fc.property(boundsArbitrary, anyNumber, (bounds, value) => {
        const lattice = new Lattice(bounds);
        const steps = lattice.stepsOf(value);
        expect(steps).toBeGreaterThanOrEqual(lattice.lowerSteps);
        expect(steps).toBeLessThanOrEqual(lattice.upperSteps);
        expect(BigInt(Math.abs(steps)) <= lattice.sensitivity).toBe(true);
        const clamped = Math.min(bounds.upper, Math.max(bounds.lower, value));
        const size = Math.max(Math.abs(bounds.lower), Math.abs(bounds.upper));
        expect(Math.abs(steps * lattice.step - clamped)).toBeLessThanOrEqual(size * 2 ** -21);
      }),
      { numRuns: 1_000 },
    );
  });

  test('makes sums that change by the sensitivity at most when a record comes or goes', () => {
    fc.assert(
      fc.property(
        boundsArbitrary,
        fc.array(anyNumber, { minLength: 1, maxLength: 50 }),
        fc.nat(),
        (bounds, values, at) => {
          const lattice = new Lattice(bounds);
          const sumOf = (some: readonly number[]) => {
            const sum = new StepSum();
            for (const value of some) sum.add(lattice.stepsOf(value));
            return sum.total;
          };
          const without = values.filter((_, index) => index !== at % values.length);
          const change = sumOf(values) - sumOf(without);
          expect(change <= lattice.sensitivity && -change <= lattice.sensitivity).toBe(true);
          expect(sumOf(values.toReversed())).toBe(sumOf(values));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('adds up exactly beyond what doubles hold', () => {
    const sum = new StepSum();
    for (let turn = 0; turn < 2_000_000; turn += 1) sum.add(2 ** 33 + 1);
    expect(sum.total).toBe(2_000_000n * (2n ** 33n + 1n));
  });
});

describe('weights of the exponential mechanism', () => {
  test('never fall by more than exp(½·ε) from one distance to the next', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 20 }), (thousandths, records) => {
        const epsilon = thousandths / 1_000;
        const weights = new ExponentialWeights(parseDecimal(String(epsilon)) as Decimal, records);
        const factor = expBelow(BigInt(thousandths), 2_000n * BigInt(records));
        for (let distance = 0; distance < 400; distance += 1) {
          const [near, far] = [weights.at(distance), weights.at(distance + 1)];
          expect(far > 0n && far <= near).toBe(true);
          expect(near << fractionBits <= far * factor).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('fall by hardly less', () => {
    const weights = new ExponentialWeights(parseDecimal('0.5') as Decimal, 1);
    expect(Number(weights.at(100)) / Number(weights.at(0))).toBeCloseTo(Math.exp(-25), 20);
  });
});

describe('an account', () => {
  test('is never overdrawn, whatever is charged in whatever order', () => {
    const charges = fc.array(fc.bigInt({ min: 1n, max: 4n * 10n ** 17n }), { maxLength: 40 });
    fc.assert(
      fc.property(charges, fc.boolean(), (amounts, concentrated) => {
        const limit = (10n ** 18n) as Decimal;
        const account = new PrivacyAccount(
          concentrated
            ? { composition: 'zcdp', rho: limit }
            : { composition: 'basic', epsilon: limit, delta: 0n as Decimal },
        );
        let spent = 0n;
        for (const amount of amounts) {
          const cost = pureCost(amount as Decimal);
          const due = concentrated ? cost.rho : amount;
          const fits = spent + due <= limit;
          if (fits) {
            account.charge(cost);
            spent += due;
          } else {
            expect(() => account.charge(cost)).toThrow(expect.objectContaining({ code: 'privacy-budget-spent' }));
          }
          const now = account.spent;
          expect(now.composition === 'basic' ? now.epsilon : now.rho).toBe(spent);
          expect(spent <= limit).toBe(true);
        }
      }),
    );
  });

  test('takes ten tenths of one, and not an eleventh', () => {
    const [one, none, tenth] = ['1', '0', '0.1'].map((text) => parseDecimal(text) as Decimal);
    const account = new PrivacyAccount({ composition: 'basic', epsilon: one as Decimal, delta: none as Decimal });
    for (let turn = 0; turn < 10; turn += 1) account.charge(pureCost(tenth as Decimal));
    expect(account.left).toEqual({ composition: 'basic', epsilon: 0n, delta: 0n });
    expect(() => account.charge(pureCost(1n as Decimal))).toThrow();
  });

  test('refuses a cost in rho alone under a budget of epsilon', () => {
    const account = new PrivacyAccount({
      composition: 'basic',
      epsilon: (10n ** 18n) as Decimal,
      delta: 0n as Decimal,
    });
    expect(() => account.charge({ rho: 1n as Decimal })).toThrow(
      expect.objectContaining({ code: 'privacy-budget-spent' }),
    );
    expect(account.spent).toEqual({ composition: 'basic', epsilon: 0n, delta: 0n });
  });

  test('of rho stays within the epsilon that it stands for', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 20, noNaN: true }), fc.integer({ min: 3, max: 15 }), (epsilon, power) => {
        const delta = decimalFromNumber(10 ** -power, { up: false });
        const rho = rhoWithin(decimalFromNumber(epsilon, { up: false }), delta);
        expect(epsilonOf(rho, decimalToNumber(delta))).toBeLessThanOrEqual(epsilon * (1 + 1e-9));
        expect(epsilonOf(rho, decimalToNumber(delta))).toBeGreaterThan(epsilon * 0.999);
      }),
    );
  });
});
