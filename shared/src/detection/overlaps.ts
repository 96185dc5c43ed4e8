import type { LocatedFinding } from './finding.ts';

/** Merges two lists in order of place, each free of overlaps; where two meet, the one in `found` stays. Linear. */
export function addWhereFree(found: readonly LocatedFinding[], extra: readonly LocatedFinding[]): LocatedFinding[] {
  if (extra.length === 0) return [...found];
  const merged: LocatedFinding[] = [];
  let next = 0;
  for (const finding of extra) {
    for (let earlier = found[next]; earlier !== undefined && earlier.end <= finding.start; earlier = found[next]) {
      merged.push(earlier);
      next += 1;
    }
    if ((found[next]?.start ?? Number.POSITIVE_INFINITY) >= finding.end) merged.push(finding);
  }
  return [...merged, ...found.slice(next)];
}

/** Of finds that overlap, the one that begins first stays, and of those the longest. */
export function withoutOverlaps(findings: readonly LocatedFinding[]): LocatedFinding[] {
  let end = 0;
  return findings
    .toSorted((a, b) => a.start - b.start || b.end - a.end)
    .filter((finding) => {
      if (finding.start < end) return false;
      end = finding.end;
      return true;
    });
}
