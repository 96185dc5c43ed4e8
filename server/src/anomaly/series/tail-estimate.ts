/** Numbers that a {@link TailEstimate} keeps. */
export const tailFields = 6;

const quantile = 0;
const excess = 1;
const count = 2;
const largestToday = 3;
const usualLargest = 4;
const days = 5;

/** Share of the values that lie beyond the estimated quantile. */
const tailShare = 0.02;
const slowest = 0.002;
/** An excess of more mean excesses counts as so many, so that an anomaly hardly moves the estimate. */
const excessLimit = 4;

/**
 * How large a quantity usually gets, learned from a stream in constant memory: the 98 % quantile by stochastic
 * approximation (Robbins and Monro, 1951), beyond it an exponential tail with the mean excess as its scale (the
 * peaks-over-threshold idea of Siffer et al., "Anomaly detection in streams with extreme value theory", KDD 2017, with
 * the shape fixed), and the largest value of a usual day, quick to rise and slow to fall.
 */
export class TailEstimate {
  readonly #state: Float64Array;

  /** @param state {@link tailFields} numbers that this object reads and writes; zeros at the beginning */
  constructor(state: Float64Array) {
    this.#state = state;
    if (this.#get(count) === 0) {
      this.#state[quantile] = 1;
      this.#state[excess] = 1;
      this.#state[usualLargest] = -1;
    }
  }

  get samples(): number {
    return this.#get(count);
  }

  /** The largest value of a usual day; undefined before a day is over. */
  get usualLargest(): number | undefined {
    const largest = this.#get(usualLargest);
    return largest < 0 ? undefined : largest;
  }

  /** Chance of a value as large as this; 1 for all that aren't in the tail. */
  chanceOf(value: number): number {
    const beyond = value - this.#get(quantile);
    return beyond > 0 ? tailShare * Math.exp(-beyond / this.#get(excess)) : 1;
  }

  /** @param value 0 or larger */
  add(value: number): void {
    const state = this.#state;
    const samples = this.#get(count) + 1;
    state[count] = samples;
    if (value > this.#get(largestToday)) state[largestToday] = value;
    const at = this.#get(quantile);
    const scale = this.#get(excess);
    const step = Math.max(slowest, 1 / (samples + 2)) * Math.max(at, scale) * 1.5;
    const limited = Math.min(value, at + excessLimit * scale);
    if (limited <= at) {
      state[quantile] = at - step * tailShare;
      return;
    }
    const weight = Math.max(0.02, 1 / (tailShare * samples + 5));
    state[excess] = scale + weight * (limited - at - scale);
    state[quantile] = at + step * (1 - tailShare);
  }

  /** A day is over; one before the first value was none. */
  endDay(): void {
    const state = this.#state;
    if (this.#get(count) === 0) return;
    const largest = this.#get(largestToday);
    state[largestToday] = 0;
    const usual = this.#get(usualLargest);
    const before = this.#get(days);
    state[days] = before + 1;
    if (usual < 0) {
      state[usualLargest] = largest;
      return;
    }
    const weight = Math.max(largest > usual ? 0.6 : 0.3, 1 / (before + 1));
    state[usualLargest] = usual + weight * (Math.min(largest, 10 * usual + 1) - usual);
  }

  #get(field: number): number {
    return this.#state[field] as number;
  }
}
