import type { ManifestEntry } from '../manifest-entry.ts';

/**
 * Entries of several partitions in about the order of time: each partition's own stay in their order, and the one that
 * begins earliest comes next.
 */
export function inOrderOfTime(chains: readonly (readonly ManifestEntry[])[]): ManifestEntry[] {
  const queues = chains.map((entries) => [...entries]);
  const ordered: ManifestEntry[] = [];
  for (;;) {
    let first: ManifestEntry[] | undefined;
    for (const queue of queues) {
      const [entry] = queue;
      const [best] = first ?? [];
      if (entry !== undefined && (best === undefined || entry.first_at < best.first_at)) first = queue;
    }
    const entry = first?.shift();
    if (entry === undefined) return ordered;
    ordered.push(entry);
  }
}

/** Whether some of the object's messages may have come at `from` or later and before `to`. */
export function overlaps({ first_at, last_at }: ManifestEntry, from: Date, to: Date): boolean {
  return new Date(last_at) >= from && new Date(first_at) < to;
}
