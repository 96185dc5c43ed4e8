import type { DigitChunk, DigitGroup } from './digit-groups.ts';
import type { LocatedFinding } from './finding.ts';
import { matchesNationalFormat } from './phone-formats.ts';

/** Most digits of an international number (ITU-T E.164). */
const longest = 15;
const mostGroups = 7;

/** Country calling codes of one and two digits; the three-digit ones are the rest of zones 2, 3, 4, 5, 6, 8 and 9. */
const shortCallingCodes = new Set(
  '1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98'.split(
    ' ',
  ),
);
const longCallingCode = /^(?:2[1-689]\d|3[578]\d|42\d|50\d|59\d|6[789]\d|8[057-9]\d|9[679]\d)/;

/** Words that announce a number; then no particular format is asked of it. */
const announcement =
  /(?:^|[^a-z])(?:tele)?(?:phone|fon|fono|fone|foon)\p{L}{0,2}\b[^0-9]{0,20}$|(?:^|[^a-z])(?:tel|mobile|mobil|cell|fax|handy|celular|whatsapp|msisdn|m[oó]vil)\b[^0-9]{0,20}$/iu;

/** Whether digits begin with a country calling code and have a length that numbers under it can have. */
export function isInternational(digits: string): boolean {
  if (digits.length < 9 || digits.length > longest) return false;
  if (digits[0] === '1' || digits[0] === '7') return digits.length === 11;
  return shortCallingCodes.has(digits.slice(0, 2)) || longCallingCode.test(digits);
}

/**
 * Telephone numbers in a chunk of digit groups. Digits alone are never one: there has to be a `+` and a calling code,
 * a bracketed area code, a grouping that a national numbering plan uses, or a word before it that says so.
 */
export function findPhones(text: string, chunk: DigitChunk): LocatedFinding[] {
  const found: LocatedFinding[] = [];
  for (let first = 0; first < chunk.length; first += 1) {
    const last = phoneEndingAt(text, chunk, first);
    if (last === undefined) continue;
    found.push({ kind: 'phone', proven: false, start: chunk[first]?.start ?? 0, end: chunk[last]?.end ?? 0 });
    first = last;
  }
  return found;
}

function phoneEndingAt(text: string, chunk: DigitChunk, first: number): number | undefined {
  const start = chunk[first]?.start ?? 0;
  if (first > 0 && !separatesNumbers(chunk[first]?.separator ?? '')) return undefined;
  const groups = chunk.slice(first, first + mostGroups);
  if (isDateTime(groups)) return undefined;
  const plus = text[start - 1] === '+' || text.slice(start - 2, start) === '+(';
  if (plus) return longestFit(groups, first, (window) => isInternational(joined(window)) && !isDecimal(window));
  if (isJoinedToWord(text, start)) return undefined;
  // Around an area code: `(415) 555-0132`; a bracket around all of it says nothing.
  const bracket = text[start - 1] === '(' && groups[1]?.separator.startsWith(')') === true;
  const national = !mayBeNational(groups, bracket)
    ? undefined
    : longestFit(groups, first, (window, isWhole) => {
        const alone = isWhole && first === 0;
        if (isWhole && continuesAsWord(text, window.at(-1)?.end ?? 0)) return false;
        return matchesNationalFormat(window, bracket) && (alone || hasFirmSeparator(window));
      });
  if (national !== undefined) return national;
  if (first === 0 && announcement.test(text.slice(Math.max(0, start - 40), start))) {
    return longestFit(groups, first, (window) => {
      const { length } = joined(window);
      return length >= 7 && length <= longest && !isDecimal(window);
    });
  }
  return undefined;
}

/** A look at two groups that spares most numbers of logs and tables the formats of {@link matchesNationalFormat}. */
function mayBeNational(groups: readonly DigitGroup[], bracket: boolean): boolean {
  const [one, two] = groups;
  if (bracket || one?.digits[0] === '0') return true;
  if (one === undefined || two === undefined || one.digits.length > 3) return false;
  const { length } = two.digits;
  return (length >= 3 && length <= 5) || two.separator.includes('(');
}

/** Last index of the longest window from `first` that fits and is not joined to the group after it. */
function longestFit(
  groups: readonly DigitGroup[],
  first: number,
  fits: (window: readonly DigitGroup[], isWhole: boolean) => boolean,
): number | undefined {
  for (let size = groups.length; size > 0; size -= 1) {
    const next = groups[size];
    if (next !== undefined && !separatesNumbers(next.separator)) continue;
    if (fits(groups.slice(0, size), next === undefined)) return first + size - 1;
  }
  return undefined;
}

const joined = (groups: readonly DigitGroup[]) => groups.map((group) => group.digits).join('');

/** Two numbers of one chunk have a space or a bracket between them. */
export function separatesNumbers(separator: string): boolean {
  return separator.includes(' ') || separator.includes('(') || separator === '/';
}

/** Groups with nothing but spaces between them may be a list of numbers. */
function hasFirmSeparator(groups: readonly DigitGroup[]): boolean {
  return groups.some((group, index) => index > 0 && group.separator.trim() !== '');
}

function isDecimal(groups: readonly DigitGroup[]): boolean {
  return groups.length === 2 && groups[1]?.separator === '.';
}

/** `INV-415-555-0132` is an identifier. */
function isJoinedToWord(text: string, start: number): boolean {
  return /[-_]/.test(text[start - 1] ?? '') && /[a-z]/i.test(text[start - 2] ?? '');
}

/** `01-23-45-67-89-AB` is a hardware address. */
function continuesAsWord(text: string, end: number): boolean {
  return /[-_:]/.test(text[end] ?? '') && /[a-z]/i.test(text[end + 1] ?? '');
}

/** `2024-05-06`, `06.05.2024 12`: groups that begin with a calendar date. */
export function isDateTime(groups: readonly DigitGroup[]): boolean {
  const [a, b, c] = groups;
  if (a === undefined || b === undefined || c === undefined || b.separator !== c.separator) return false;
  if (!'-./'.includes(b.separator)) return false;
  const dayAndMonth = (x: DigitGroup, y: DigitGroup) =>
    x.digits.length <= 2 && y.digits.length <= 2 && Number(x.digits) <= 31 && Number(y.digits) <= 31;
  const year = (group: DigitGroup) => /^(?:1[6-9]|20|21)\d\d$/.test(group.digits);
  return (year(a) && dayAndMonth(b, c)) || (year(c) && dayAndMonth(a, b));
}
