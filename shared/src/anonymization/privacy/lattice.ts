/** Bounds that were declared for a column without looking at it. */
export interface ValueBounds {
  readonly lower: number;
  /** Above `lower`. */
  readonly upper: number;
}

/** Values are counted in steps so small that at least so many make the larger bound. */
const stepsToBound = 2 ** 20;

/**
 * Turns values into whole numbers of steps: each is clamped to the bounds and rounded to the nearest multiple of a power of
 * two, before anything is added up. So a sum is an exact integer whose sensitivity is known, whatever the order and number
 * of values; sums of doubles have no such bound (Casacuberta, Shoate, Vadhan and Wagaman, "Widespread Underestimation of
 * Sensitivity in Differentially Private Libraries and How to Fix It", CCS 2022).
 */
export class Lattice {
  readonly #bounds: ValueBounds;
  /** A power of two. */
  readonly step: number;
  readonly lowerSteps: number;
  readonly upperSteps: number;

  /** @throws {RangeError} for bounds in the wrong order, or out of all proportion */
  constructor(bounds: ValueBounds) {
    const { lower, upper } = bounds;
    const size = Math.max(Math.abs(lower), Math.abs(upper));
    if (!(lower < upper && size >= 1e-100 && size <= 1e100)) {
      throw new RangeError('The lower bound has to be below the upper one, both of a size that data have.');
    }
    this.#bounds = bounds;
    let step = 2 ** (Math.floor(Math.log2(size)) - 20);
    // The logarithm may be off by its last bit.
    while (size / step < stepsToBound) step /= 2;
    this.step = step;
    this.lowerSteps = Math.round(lower / step);
    this.upperSteps = Math.round(upper / step);
  }

  /** Most that a value can add to a sum of steps, to either side. */
  get sensitivity(): bigint {
    return BigInt(Math.max(Math.abs(this.lowerSteps), Math.abs(this.upperSteps)));
  }

  /** @param value a number; infinite ones are clamped as well */
  stepsOf(value: number): number {
    const { lower, upper } = this.#bounds;
    return Math.round(Math.min(upper, Math.max(lower, value)) / this.step);
  }
}
