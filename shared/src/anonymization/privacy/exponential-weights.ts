import { type Decimal, decimalOne } from './decimal.ts';

/** Weight of distance 0. Large enough that what lies far away has next to none. */
const firstWeight = 1n << 128n;
const fractionBits = 160n;

/**
 * Whole numbers for the exponential mechanism (McSherry and Talwar, FOCS 2007) on whole distances: weight(0) = 2¹²⁸ and
 * weight(d + 1) = ⌈weight(d) · r⌉ with r a fraction just above exp(−½·ε / records a person). So
 * weight(d) ≤ exp(½·ε / records) · weight(d + 1) holds exactly for every d, which is all that the proof of ε-differential
 * privacy asks for; weights by floating point are known to break it (Ilvento, "Implementing the Exponential Mechanism with
 * Base-2 Differential Privacy", CCS 2020).
 */
export class ExponentialWeights {
  readonly #weights: bigint[] = [firstWeight];
  readonly #ratio: bigint;
  #isFlat = false;

  /** @param epsilon positive */
  constructor(epsilon: Decimal, recordsPerPerson: number) {
    if (epsilon <= 0n) throw new RangeError('The epsilon of a quantile is too small.');
    this.#ratio = expUpperBound(epsilon, 2n * BigInt(recordsPerPerson) * decimalOne);
  }

  /** @param distance a whole number from 0 on */
  at(distance: number): bigint {
    while (this.#weights.length <= distance && !this.#isFlat) {
      const last = this.#weights.at(-1) as bigint;
      const next = (last * this.#ratio + (1n << fractionBits) - 1n) >> fractionBits;
      // It stays so from here on: rounding up makes up for the factor.
      this.#isFlat = next >= last;
      if (!this.#isFlat) this.#weights.push(next);
    }
    return this.#weights[Math.min(distance, this.#weights.length - 1)] as bigint;
  }
}

/**
 * A fixed-point number, in units of 2⁻¹⁶⁰, not below exp(−numerator / denominator) and hardly above: the alternating series of
 * a small part of the exponent, cut off where it is above, and squared again, each step rounded up.
 */
function expUpperBound(numerator: bigint, denominator: bigint): bigint {
  const one = 1n << fractionBits;
  let halvings = 0n;
  while (numerator > denominator << halvings) halvings += 1n;
  // At most 1, rounded down, which makes the result larger.
  const exponent = (numerator << fractionBits) / (denominator << halvings);
  let sum = one;
  let power = one;
  let factorial = 1n;
  // An even number of further terms ends with one that was added.
  for (let term = 1n; term <= 48n; term += 1n) {
    factorial *= term;
    power = (power * exponent) >> fractionBits;
    // Terms are off by less than `term` units each.
    sum += term % 2n === 0n ? power / factorial + term : -(power / factorial) + term;
  }
  for (let turn = 0n; turn < halvings; turn += 1n) sum = ((sum * sum) >> fractionBits) + 1n;
  return sum < one ? sum : one;
}
