import { type Candidate, scoreOf } from './candidate.ts';
import type { Definition } from './definition.ts';
import type { SearchRequest } from './search-request.ts';

/** Place of a find whose form speaks for itself. */
interface Place {
  readonly start: number;
  readonly end: number;
  readonly proven: boolean;
}

/** A candidate of a kind that needs no announcement. */
export function firmCandidate(
  definition: Definition,
  request: SearchRequest,
  { start, end, proven }: Place,
): Candidate {
  const local = request.region !== undefined && definition.countries.includes(request.region);
  const distance = request.announced.has(definition) ? 0 : undefined;
  const score = scoreOf({ proven, firm: true, distance, local, chance: definition.chance });
  return { kind: definition.kind, proven, start, end, score };
}
