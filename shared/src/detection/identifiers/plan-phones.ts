import { type CountryCode, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js';
import type { DigitChunk, DigitGroup } from '../digit-groups.ts';
import type { LocatedFinding } from '../finding.ts';
import { separatesNumbers } from '../phone.ts';

const shortestNational = 6;
const longestNational = 14;
/** Digits with the country's code (ITU-T E.164) and a prefix for calls abroad. */
const longestInternational = 18;
const mostGroups = 8;

/** `2024 05 06` and its kind. */
const beginsWithYear = /^(?:19|20)\d\d$/;
/** What is dialled for the plus in most countries, alone or with the country's code. Longer groups are padded numbers. */
const dialledAbroad = /^(?:00(?:[1-9]\d{0,2})?|011)$/;

/**
 * Telephone numbers that are valid in a numbering plan (the metadata of libphonenumber): with a country's code anywhere,
 * without one in the plan of the caller's region. From each group that may begin one, the longest.
 */
export function planPhones(text: string, chunk: DigitChunk, region: string | undefined): LocatedFinding[] {
  const plan = region !== undefined && isSupportedCountry(region) ? region : undefined;
  const found: LocatedFinding[] = [];
  for (let first = 0; first < chunk.length; first += 1) {
    const group = chunk[first] as DigitGroup;
    if (first > 0 && !separatesNumbers(group.separator)) continue;
    const lead = text.slice(Math.max(0, group.start - 2), group.start);
    const plus = /\+\(?$/.exec(lead)?.[0] ?? '';
    const abroad = plus !== '' || (dialledAbroad.test(group.digits) && chunk.length > first + 1);
    const national = plus === '' ? plan : undefined;
    if (!abroad && national === undefined) continue;
    for (let last = Math.min(chunk.length, first + mostGroups) - 1; last >= first; last -= 1) {
      const next = chunk[last + 1];
      if (next !== undefined && !separatesNumbers(next.separator)) continue;
      const groups = chunk.slice(first, last + 1);
      const written = text.slice(group.start, groups.at(-1)?.end);
      const valid =
        (abroad && isInternational(plus + written)) ||
        (national !== undefined && isNational(written, groups, national));
      if (!valid) continue;
      found.push({ kind: 'phone', proven: false, start: group.start, end: group.start + written.length });
      first = last;
      break;
    }
  }
  return found;
}

function isInternational(written: string): boolean {
  const digits = written.replace(/\D/g, '');
  if (digits.length > longestInternational) return false;
  const number = written.startsWith('+') ? digits : digits.replace(/^(?:011|00)/, '');
  return parsePhoneNumberFromString(`+${number}`)?.isValid() === true;
}

/**
 * Valid, and written as numbers are: with a trunk prefix 0 or in groups; a short one as its plan groups it. Ten bare
 * digits are none, whatever the plan says: a quarter of all such numbers would be North American.
 */
function isNational(written: string, groups: DigitChunk, region: CountryCode): boolean {
  const digits = groups.reduce((sum, group) => sum + group.digits.length, 0);
  if (digits < shortestNational || digits > longestNational) return false;
  if (beginsWithYear.test(groups[0]?.digits ?? '')) return false;
  const bare = groups.length === 1;
  if (bare ? !/^0[1-9]/.test(written) : groups.slice(1).some(({ separator }) => /[._]/.test(separator))) return false;
  const number = parsePhoneNumberFromString(written, region);
  if (number?.isValid() !== true) return false;
  return digits > 7 || (!bare && number.formatNational() === written);
}
