import { isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js';
import type { DigitChunk } from '../digit-groups.ts';
import type { LocatedFinding } from '../finding.ts';

const shortestNumber = 8;
const longestNumber = 12;
const mostGroups = 6;

/** `2024 05 06` and its kind. */
const beginsWithYear = /^(?:19|20)\d\d$/;

/**
 * A national number of a region in a chunk that no general format fits: the whole chunk, valid in the region's numbering
 * plan (the metadata of libphonenumber), and written as numbers are, with a trunk prefix 0 or in groups. Ten bare digits
 * are none, whatever the plan says: a quarter of all such numbers would be North American.
 */
export function findRegionalPhone(text: string, chunk: DigitChunk, region: string): LocatedFinding | undefined {
  const first = chunk[0];
  const last = chunk.at(-1);
  if (first === undefined || last === undefined || chunk.length > mostGroups) return undefined;
  const digits = chunk.reduce((sum, group) => sum + group.digits.length, 0);
  if (digits < shortestNumber || digits > longestNumber || beginsWithYear.test(first.digits)) return undefined;
  if (chunk.length === 1 ? !/^0[1-9]/.test(first.digits) : chunk.some(({ separator }) => /[._]/.test(separator))) {
    return undefined;
  }
  if (!isSupportedCountry(region)) return undefined;
  const number = parsePhoneNumberFromString(text.slice(first.start, last.end), region);
  if (number?.isValid() !== true) return undefined;
  return { kind: 'phone', proven: false, start: first.start, end: last.end };
}
