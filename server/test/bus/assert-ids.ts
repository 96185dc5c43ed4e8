import { expect } from 'vitest';

/** Fails with the ids that occur more than once. */
export function assertNoDuplicateIds(ids: readonly (string | number)[]): void {
  const seen = new Set<string | number>();
  const duplicates = ids.filter((id) => seen.size === seen.add(id).size);
  expect(duplicates, 'ids that occur more than once').toEqual([]);
}

/** Fails with what is missing from 0 … count − 1, or should not be there. */
export function assertContiguousIds(ids: readonly number[], count: number): void {
  const present = new Set(ids);
  const missing = Array.from({ length: count }, (_, id) => id).filter((id) => !present.has(id));
  expect(missing, 'ids that are missing').toEqual([]);
  expect(
    [...present].filter((id) => id < 0 || id >= count),
    'ids that should not be there',
  ).toEqual([]);
}
