import type { Outcome } from '@sdp/shared/tokenization';

const none: ReadonlySet<string> = new Set();

/** The markers of a column as a set; one and the same where there are none. */
export function nullMarkerSet(markers: readonly string[] | undefined): ReadonlySet<string> {
  return markers === undefined || markers.length === 0 ? none : new Set(markers);
}

/**
 * Keeps a one-to-one method from giving a null marker: it is applied again until the result is none. Undoing stops at
 * the same place, since no input is a marker (cycle walking; Black and Rogaway, "Ciphers with Arbitrary Finite Domains").
 */
export function walkPast(markers: ReadonlySet<string>, method: (value: string) => Outcome): (value: string) => Outcome {
  if (markers.size === 0) return method;
  return (value) => {
    let outcome = method(value);
    while (typeof outcome === 'string' && markers.has(outcome)) outcome = method(outcome);
    return outcome;
  };
}

/** {@link walkPast} for a method that takes many values at once. */
export function walkPastMany(
  markers: ReadonlySet<string>,
  method: (values: readonly string[]) => Outcome[],
): (values: readonly string[]) => Outcome[] {
  if (markers.size === 0) return method;
  return (values) => {
    const outcomes = method(values);
    for (;;) {
      const again = outcomes.flatMap((outcome, at) =>
        typeof outcome === 'string' && markers.has(outcome) ? [at] : [],
      );
      if (again.length === 0) return outcomes;
      const next = method(again.map((at) => outcomes[at] as string));
      for (const [index, at] of again.entries()) outcomes[at] = next[index] as Outcome;
    }
  };
}

/** Proposals of surrogates without those that are markers. */
export function skipMarkers(
  markers: ReadonlySet<string>,
  candidate: (value: string, attempt: number) => string,
): (value: string, attempt: number) => string {
  if (markers.size === 0) return candidate;
  return (value, attempt) => {
    for (let tried = 0, free = -1; ; tried += 1) {
      const proposal = candidate(value, tried);
      if (!markers.has(proposal)) free += 1;
      if (free === attempt) return proposal;
    }
  };
}
