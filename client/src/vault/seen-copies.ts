import type { SeenCopy } from './state.ts';

/** Of each server the newest state. */
export function newestCopies(known: readonly SeenCopy[] = [], more: readonly SeenCopy[] = []): readonly SeenCopy[] {
  const newest = new Map<string, SeenCopy>();
  for (const copy of [...known, ...more]) {
    if ((newest.get(copy.server)?.sequence ?? 0) < copy.sequence) newest.set(copy.server, copy);
  }
  return [...newest.values()];
}
