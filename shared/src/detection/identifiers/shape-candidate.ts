import { type Candidate, scoreOf } from './candidate.ts';
import type { Definition } from './definition.ts';
import type { SearchRequest } from './search-request.ts';

/** Place of a find whose form speaks for itself. */
interface Place {
  readonly start: number;
  readonly end: number;
  readonly proven: boolean;
}

/**
 * A candidate of a kind that needs no announcement.
 *
 * @param announcedFrom words between it and what announces it all the same
 */
export function firmCandidate(
  definition: Definition,
  request: SearchRequest,
  { start, end, proven }: Place,
  announcedFrom?: number,
): Candidate {
  const local = request.region !== undefined && definition.countries.includes(request.region);
  const distance = request.announced.has(definition) ? 0 : announcedFrom;
  const score = scoreOf({ proven, firm: true, distance, local, chance: definition.chance });
  return { kind: definition.kind, proven, start, end, score };
}
