import type { DigitGroup } from './digit-groups.ts';

type Groups = readonly DigitGroup[];

/** Lengths of the groups as text: `415-555-0132` → `3 3 4`. */
const shapeOf = (groups: Groups) => groups.map((group) => group.digits.length).join(' ');
const digitCount = (groups: Groups) => groups.reduce((sum, group) => sum + group.digits.length, 0);

/** Spaces and hyphens mix (`020 7946-0958`); dots don't mix with anything: `012.345.678-90` is a Brazilian tax number. */
function separatorsAgree(groups: Groups): boolean {
  const separators = groups.slice(1).map((group) => group.separator);
  return separators.every((separator) => /^(?: | ?- ?)$/.test(separator)) || separators.every((s) => s === '.');
}

/** North American plan: area code and exchange each begin with 2–9. */
function isNorthAmerican(groups: Groups): boolean {
  const [area, exchange] = groups.slice(-3);
  if (area === undefined || exchange === undefined || !separatorsAgree(groups)) return false;
  return /^[2-9]/.test(area.digits) && /^[2-9]/.test(exchange.digits) && !/^[2-9]11$/.test(area.digits);
}

/** `1 415 555 0132`, `91-415-555-0132`: with spaces only, a code other than 1 might be the start of any list of numbers. */
function isCallingCode(groups: Groups): boolean {
  const [code, area] = groups;
  return code?.digits === '1' || (area?.separator !== ' ' && !/^0/.test(code?.digits ?? '0'));
}

/** Groups after a trunk prefix 0, by their lengths; the first holds the 0. */
const trunkShapes =
  /^(?:2 7|2 3 4|2 4 4|2 8|[345] [67]|3 8|4 5|[45] [56]|4 8|[3-5] [34] [34]|[3-5] \d \d \d|2 3 2 2|2 4 2 2|3 3 2 2|4 2 2 2|4 3 2 2|4 3 3|3 3 4|3 4 4|5 3 3|5 3 2|2 2 3 4|6 5|2 2 2 2 2)$/;

function isTrunkPrefixed(groups: Groups): boolean {
  const [first, second, ...rest] = groups;
  if (first === undefined || second === undefined || !/^0[1-9]/.test(first.digits)) return false;
  const shape = shapeOf(groups);
  const digits = digitCount(groups);
  const short = shape === '2 7' || shape === '2 3 4' || shape === '2 3 2 2';
  if ((digits < 10 && !short) || digits > 12 || !trunkShapes.test(shape)) return false;
  // One dot makes a decimal number; a slash may stand after the area code only.
  if (groups.length === 2) return second.separator !== '.';
  if (second.separator === '/') return rest.every((group) => group.separator === ' ');
  return separatorsAgree(groups);
}

/** `0044 20 7946 0958`, `001-808-617-6467`. */
function isDialledAbroad(groups: Groups): boolean {
  const digits = digitCount(groups);
  return groups.length >= 3 && /^00[1-9]/.test(groups[0]?.digits ?? '') && digits >= 11 && digits <= 17;
}

/** `(415) 555-0132`, `1 (415) 555-0132`, `(020) 7946 0958`. */
function isBracketed(groups: Groups, bracketFirst: boolean): boolean {
  const area = bracketFirst ? groups[0] : groups[1];
  const next = bracketFirst ? groups[1] : groups[2];
  if (area === undefined || next === undefined || !next.separator.startsWith(')')) return false;
  if (!bracketFirst && (!area.separator.endsWith('(') || (groups[0]?.digits.length ?? 9) > 3)) return false;
  // A second bracket begins another number.
  if (groups.slice(bracketFirst ? 1 : 2).some(({ separator }) => separator.includes('('))) return false;
  const digits = digitCount(groups);
  const { length } = area.digits;
  if (length < 1 || length > 5 || digits > 13) return false;
  return digits >= 9 || (digits === 8 && groups.length > 2 && length > 1);
}

/** Whether groups stand as some national numbering plan writes its numbers. */
export function matchesNationalFormat(groups: Groups, bracketFirst: boolean): boolean {
  const shape = shapeOf(groups);
  if (isBracketed(groups, bracketFirst)) return true;
  if (bracketFirst) return false;
  if (shape === '3 3 4' && isNorthAmerican(groups)) return true;
  if (/^[123] 3 3 4$/.test(shape) && isCallingCode(groups) && isNorthAmerican(groups)) return true;
  if (/^2 [45] 4$/.test(shape) && groups[1]?.separator === ' ' && groups[2]?.separator === '-') return true;
  return isTrunkPrefixed(groups) || isDialledAbroad(groups);
}
