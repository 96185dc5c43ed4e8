import type { AnomalyReason } from '@sdp/shared/contracts';
import type { ForestFeature } from './forest-features.ts';

/** Columns named per record: more would repeat what the first ones say. */
const namedColumns = 3;
/** Shares below it are left out. */
const smallestShare = 0.01;
/** A value outside the middle half is high or low. */
const middleHalf = [0.25, 0.75] as const;

/**
 * The columns that did most to isolate a record, most contributing first, and where the record stands in each: by rank or
 * frequency, never by value.
 *
 * @param contributions one a feature
 * @param row the record's features
 * @param sorted by feature: the values that the record is compared with, ascending
 */
export function reasonsOf(
  contributions: Float32Array,
  row: Float32Array,
  features: readonly ForestFeature[],
  sorted: readonly Float32Array[],
): AnomalyReason[] {
  let total = 0;
  for (const value of contributions) total += value;
  // A category no rarer than that of the record in the middle is no reason, and a gap counts as such.
  const isReason = (at: number) => (row[at] as number) > (features[at]?.usual ?? Number.NEGATIVE_INFINITY);
  return largest(contributions, Math.max(total * smallestShare, Number.MIN_VALUE), isReason).map((at) => {
    const feature = features[at] as ForestFeature;
    return {
      column: feature.name,
      // Rounded down, so that shares never sum to more than 1.
      share: Math.floor(((contributions[at] as number) / total) * 1e4) / 1e4,
      ...(feature.kind === 'time_of_day' ? { aspect: feature.kind } : {}),
      ...(feature.kind === 'category' ? rarity(row[at] as number) : place(row[at] as number, sorted[at])),
    };
  });
}

/** Indices of the few largest values. A few selection passes beat sorting: there are many records. */
function largest(values: Float32Array, floor: number, isReason: (index: number) => boolean): number[] {
  const found: number[] = [];
  while (found.length < namedColumns) {
    let best = -1;
    for (let index = 0; index < values.length; index += 1) {
      const value = values[index] as number;
      if (value >= floor && (best < 0 || value > (values[best] as number)) && !found.includes(index) && isReason(index))
        best = index;
    }
    if (best < 0) break;
    found.push(best);
  }
  return found;
}

function rarity(bits: number): Pick<AnomalyReason, 'direction' | 'position'> {
  return { direction: 'rare', position: rounded(2 ** -bits) };
}

function place(
  value: number,
  sorted: Float32Array = new Float32Array(),
): Pick<AnomalyReason, 'direction' | 'position'> {
  const position =
    (firstNotBelow(sorted, value) + firstNotBelow(sorted, value, true)) / (2 * Math.max(1, sorted.length));
  const direction = position > middleHalf[1] ? 'high' : position < middleHalf[0] ? 'low' : 'between';
  return { direction, position: rounded(position) };
}

/** How many values are smaller; with `orEqual`, not larger. */
function firstNotBelow(sorted: Float32Array, value: number, orEqual = false): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const at = sorted[middle] as number;
    if (at < value || (orEqual && at === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function rounded(share: number): number {
  return Math.round(share * 1e4) / 1e4;
}
