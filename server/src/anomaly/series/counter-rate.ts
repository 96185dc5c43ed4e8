import { limited } from './seasonal-levels.ts';
import { at, setTime, timeOf } from './series-state.ts';

const countLimit = 1e30;

/**
 * How much a count has grown a second since the sample before, kept in the state of its series.
 *
 * @returns undefined for the first sample, one of the same time or an older one, and one below the count before: the
 * counter has begun anew
 */
export function rateOf(state: Float32Array, value: number, atMs: number): number | undefined {
  const count = limited(value, countLimit);
  const isKnown = state[at.counted] === 1;
  const before = (state[at.countHigh] as number) + (state[at.countLow] as number);
  const passedMs = atMs - timeOf(state, at.countTimeHigh);
  if (isKnown && passedMs === 0) return undefined;
  const high = Math.fround(count);
  state[at.counted] = 1;
  state[at.countHigh] = high;
  state[at.countLow] = count - high;
  setTime(state, at.countTimeHigh, atMs);
  // The parts hold 48 bits: a count that has not grown must not seem to.
  const grown = high + Math.fround(count - high) - before;
  return isKnown && passedMs > 0 && grown >= 0 ? (grown * 1_000) / passedMs : undefined;
}
