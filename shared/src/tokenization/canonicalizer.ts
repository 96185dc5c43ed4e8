import { canonicalPhone, isPhoneRegion } from './canonical-phone.ts';

/** Steps in which a value is brought to the form over which its token is made. */
export const canonicalSteps = ['trim', 'lower', 'nfc', 'phone'] as const;
export type CanonicalStep = (typeof canonicalSteps)[number];

export interface CanonicalSpec {
  /** Taken in this order; each at most once. */
  readonly steps: readonly CanonicalStep[];
  /** ISO 3166-1 alpha-2 code of the country whose numbers `phone` expects without a calling code. */
  readonly region?: string;
}

/** Brings the spellings of one value to one form. Applying it twice is the same as applying it once. */
export interface Canonicalizer {
  /** Names the steps and the region (`trim+lower`, `trim+phone:DE`); `''` where nothing is done. Kept with a namespace. */
  readonly id: string;
  apply(value: string): string;
}

/**
 * - `trim` removes white space (ECMAScript's, which is Unicode's and the byte order mark) at both ends.
 * - `lower` is Unicode's default lower-casing, independent of a locale.
 * - `nfc` composes (Unicode Standard Annex 15, Normalization Form C).
 * - `phone` writes a telephone number as E.164, with an extension behind `;ext=` as in RFC 3966; whatever isn't one stays as it is.
 *
 * @throws {RangeError} for an unknown or repeated step, or a region that has no telephone numbers
 */
export function canonicalizer(spec: CanonicalSpec): Canonicalizer {
  const { steps, region } = spec;
  if (new Set(steps).size !== steps.length) throw new RangeError('A canonical step is named twice.');
  if (!steps.every((step) => canonicalSteps.includes(step))) throw new RangeError('A canonical step is unknown.');
  if (region !== undefined && !isPhoneRegion(region)) throw new RangeError('The region is no country with telephones.');
  const id = steps.map((step) => (step === 'phone' && region !== undefined ? `phone:${region}` : step)).join('+');
  const functions = steps.map((step) => stepFunction(step, region));
  const [only] = functions;
  if (only === undefined) return { id, apply: (value) => value };
  if (functions.length === 1) return { id, apply: only };
  const once = (value: string) => functions.reduce((text, step) => step(text), value);
  const isFinal = steps.at(-1) === 'phone' ? (text: string) => phoneForm.test(text) : () => false;
  return { id, apply: (value) => settle(once, isFinal, value) };
}

/**
 * The canonicalizer with that id.
 *
 * @throws {RangeError} if no canonicalizer has it
 */
export function canonicalizerById(id: string): Canonicalizer {
  if (id === '') return canonicalizer({ steps: [] });
  const parts = id.split('+').map((part) => part.split(':'));
  const region = parts.find(([step]) => step === 'phone')?.[1];
  const made = canonicalizer({
    steps: parts.map(([step]) => step as CanonicalStep),
    ...(region === undefined ? {} : { region }),
  });
  if (made.id !== id) throw new RangeError('No canonicalizer has this id.');
  return made;
}

/** What the last step gives of a telephone number: nothing that any step would change, and reading it again is dear. */
const phoneForm = /^\+\d{4,15}(?:;ext=\d+)?$/;
const mostRounds = 4;

/**
 * One step can make work for another (lower-casing may leave a sequence that composes), so they are taken until nothing
 * changes any more.
 */
function settle(once: (value: string) => string, isFinal: (text: string) => boolean, value: string): string {
  let text = value;
  for (let round = 0; round < mostRounds; round += 1) {
    const next = once(text);
    if (next === text || isFinal(next)) return next;
    text = next;
  }
  return text;
}

function stepFunction(step: CanonicalStep, region: string | undefined): (value: string) => string {
  switch (step) {
    case 'trim':
      return (value) => value.trim();
    case 'lower':
      return (value) => value.toLowerCase();
    case 'nfc':
      return (value) => value.normalize('NFC');
    case 'phone':
      return canonicalPhone(region);
  }
}
