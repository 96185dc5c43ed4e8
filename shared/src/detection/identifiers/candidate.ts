import type { LocatedIdentifier } from './kind.ts';

/** A find that still competes with others for its place. */
export interface Candidate extends LocatedIdentifier {
  /** See {@link scoreOf}. */
  readonly score: number;
}

/** What is known of a candidate besides its form. */
export interface Standing {
  readonly proven: boolean;
  readonly firm: boolean;
  /** Words between the announcement and the value, undefined without announcement. */
  readonly distance: number | undefined;
  /** Issued by the caller's region. */
  readonly local: boolean;
  readonly chance: number;
}

/**
 * Orders candidates that overlap: a proof outweighs a form, an announcement outweighs both where it stands next to the
 * value, a region decides between equals, and then what random values pass less often.
 */
export function scoreOf(standing: Standing): number {
  const { proven, firm, distance, local, chance } = standing;
  return (
    (proven ? 8 : 0) +
    (firm ? 3 : 0) +
    (distance === undefined ? 0 : 9 - Math.min(distance, 6) * 0.7) +
    (local ? 1.5 : 0) +
    (1 - chance)
  );
}

/** Of candidates that overlap the better one stays, of equal ones the longer; the rest in order of place. */
export function bestWithoutOverlaps(candidates: readonly Candidate[]): LocatedIdentifier[] {
  if (candidates.length === 0) return [];
  const ranked = withoutParts(candidates).toSorted(
    (a, b) => b.score - a.score || b.end - b.start - (a.end - a.start) || a.start - b.start,
  );
  const taken: Candidate[] = [];
  for (const candidate of ranked) {
    const at = placeFor(taken, candidate.start);
    const before = taken[at - 1];
    const after = taken[at];
    if (before !== undefined && before.end > candidate.start) continue;
    if (after !== undefined && after.start < candidate.end) continue;
    taken.splice(at, 0, candidate);
  }
  return taken.map(({ kind, proven, start, end }) => ({ kind, proven, start, end }));
}

/** Without those that are a part of a longer one of their own kind: `4710815` of `0221/4710815`. */
function withoutParts(candidates: readonly Candidate[]): Candidate[] {
  const reach = new Map<string, number>();
  return candidates
    .toSorted((a, b) => a.start - b.start || b.end - a.end || b.score - a.score)
    .filter(({ kind, start, end }) => {
      const covered = reach.get(kind) ?? -1;
      if (end <= covered && start < covered) return false;
      reach.set(kind, Math.max(covered, end));
      return true;
    });
}

/** Index of the first find that starts at or after a place (binary search). */
function placeFor(taken: readonly Candidate[], start: number): number {
  let low = 0;
  let high = taken.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((taken[middle]?.start ?? 0) < start) low = middle + 1;
    else high = middle;
  }
  return low;
}
