/** A complete subtree: leaves from `index * 2^level` on, `2^level` of them. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
}

/** Leaves from `begin` up to but not with `end`. */
export interface LeafRange {
  readonly begin: number;
  readonly end: number;
}

/**
 * The largest complete subtrees that make up a range, from left to right.
 *
 * @throws {RangeError} unless both are whole numbers with begin ≤ end
 */
export function subtreesOf(begin: number, end: number): Subtree[] {
  if (!Number.isSafeInteger(begin) || !Number.isSafeInteger(end) || begin < 0 || begin > end) {
    throw new RangeError('A range of leaves goes from a whole number to another that is no smaller.');
  }
  const subtrees: Subtree[] = [];
  let at = begin;
  while (at < end) {
    let level = 0;
    let size = 1;
    while (at % (size * 2) === 0 && at + size * 2 <= end) {
      level++;
      size *= 2;
    }
    subtrees.push({ level, index: at / size });
    at += size;
  }
  return subtrees;
}

/**
 * What proves that leaf `index` is in the tree of `size` leaves: the roots of these ranges, in this order (RFC 9162, 2.1.3.1).
 *
 * @throws {RangeError} when there is no such leaf
 */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) throw new RangeError('The tree has no such leaf.');
  const ranges: LeafRange[] = [];
  let begin = 0;
  let end = size;
  while (end - begin > 1) {
    const middle = begin + splitOf(end - begin);
    if (index < middle) {
      ranges.push({ begin: middle, end });
      end = middle;
    } else {
      ranges.push({ begin, end: middle });
      begin = middle;
    }
  }
  return ranges.reverse();
}

/**
 * What proves that the tree of `second` leaves begins with the tree of `first`: the roots of these ranges (RFC 9162, 2.1.4.1).
 *
 * @throws {RangeError} unless 0 < first ≤ second
 */
export function consistencyRanges(first: number, second: number): LeafRange[] {
  if (!Number.isSafeInteger(first) || first < 1 || first > second) {
    throw new RangeError('A tree grows from a size above zero to one that is no smaller.');
  }
  const ranges: LeafRange[] = [];
  let begin = 0;
  let end = second;
  while (first < end) {
    const middle = begin + splitOf(end - begin);
    if (first <= middle) {
      ranges.push({ begin: middle, end });
      end = middle;
    } else {
      ranges.push({ begin, end: middle });
      begin = middle;
    }
  }
  // The old tree itself is known to whoever checks.
  if (begin > 0) ranges.push({ begin, end });
  return ranges.reverse();
}

/** The largest power of two below `size`, which is at least 2. */
function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}
