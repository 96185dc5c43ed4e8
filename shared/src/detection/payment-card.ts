import type { DigitChunk, DigitGroup } from './digit-groups.ts';
import type { LocatedFinding } from './finding.ts';
import { addWhereFree, withoutOverlaps } from './overlaps.ts';

interface IssuerRange {
  readonly from: number;
  readonly to: number;
  readonly lengths: readonly number[];
  /**
   * Lengths at which a number with this prefix proves nothing: one in ten identifiers passes the checksum too. Thirteen
   * digits are bar codes today, and the odd lengths of Maestro's wide ranges are hardly issued.
   */
  readonly weakLengths: readonly number[];
}

const range = (from: number, to: number, ...lengths: number[]): IssuerRange => ({
  from,
  to,
  lengths,
  weakLengths: [13],
});
const maestro = (from: number, to: number): IssuerRange => ({
  from,
  to,
  lengths: [13, 14, 15, 16, 17, 18, 19],
  weakLengths: [13, 14, 15, 17, 18, 19],
});

/** Issuer ranges by their first four digits (ISO/IEC 7812; the networks' published ranges). */
const issuerRanges: readonly IssuerRange[] = [
  { from: 1000, to: 1999, lengths: [15], weakLengths: [15] }, // UATP
  range(2014, 2014, 15), // Diners Club enRoute
  range(2149, 2149, 15),
  range(2200, 2204, 16, 17, 18, 19), // Mir
  range(2205, 2205, 16), // Borica
  range(2221, 2720, 16), // Mastercard
  range(3000, 3059, 14, 16, 19), // Diners Club
  range(3095, 3095, 14, 16, 19),
  range(3400, 3499, 15), // American Express
  range(3528, 3589, 16, 17, 18, 19), // JCB
  range(3600, 3699, 14, 15, 16, 17, 18, 19), // Diners Club
  range(3700, 3799, 15), // American Express
  range(3800, 3999, 14, 16, 17, 18, 19), // Diners Club
  range(4000, 4999, 13, 16, 19), // Visa
  maestro(5000, 5099), // Maestro, Dankort, Elo, Verve, RuPay
  range(5100, 5599, 16), // Mastercard
  maestro(5600, 5999), // Maestro
  maestro(6000, 6199), // Discover, Maestro, RuPay
  range(6200, 6299, 16, 17, 18, 19), // UnionPay
  maestro(6300, 6999), // Maestro, InstaPayment, Discover, RuPay
  range(8100, 8299, 16, 17, 18, 19), // UnionPay, RuPay
  range(8600, 8600, 16), // Uzcard
  range(9792, 9792, 16), // Troy
  range(9860, 9860, 16), // Humo
];

const shortest = 13;
const longest = 19;
/** Smaller groups are lists of numbers far more often than a card, unless the whole cell is written so. */
const smallestGroup = 3;

function issuerOf(digits: string): IssuerRange | undefined {
  const prefix = Number(digits.slice(0, 4));
  return issuerRanges.find((entry) => prefix >= entry.from && prefix <= entry.to);
}

/** Luhn's checksum (ISO/IEC 7812-1, annex B) over a string of digits. */
export function isLuhnValid(digits: string): boolean {
  let sum = 0;
  for (let i = digits.length - 1, double = false; i >= 0; i -= 1, double = !double) {
    const digit = digits.charCodeAt(i) - 48;
    sum += double ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit;
  }
  return sum % 10 === 0;
}

/**
 * Whether no issuer can have digits with this start: ISO/IEC 7812-1 leaves numbers that begin with 9 to national
 * standards bodies, followed by the country's code of ISO 3166-1, which keeps 900 to 999 for users and assigns none.
 * Stand-ins for card numbers therefore begin with 99.
 */
export function isUnassignedIssuer(digits: string): boolean {
  return digits.startsWith('99');
}

/** Length and issuer of a payment card, whatever its checksum. */
export function isCardShaped(digits: string): boolean {
  return issuerOf(digits)?.lengths.includes(digits.length) ?? false;
}

/**
 * Whether a string of digits is a payment card number: a known issuer, a length it uses, and Luhn's checksum.
 * `proven` unless chance explains it as well.
 */
export function judgeCard(digits: string): { readonly proven: boolean } | undefined {
  if (digits.length < shortest || digits.length > longest) return undefined;
  const issuer = issuerOf(digits);
  if (issuer === undefined || !issuer.lengths.includes(digits.length) || !isLuhnValid(digits)) return undefined;
  return { proven: !issuer.weakLengths.includes(digits.length) };
}

/** Spaces and hyphens may be mixed; the other separators must be the same throughout. */
function separatorClass(separator: string): string {
  return /^[ -]+$/.test(separator) ? ' ' : separator;
}

/** A fraction's digits are no card: `0.4111111111111111`. */
function isFraction(text: string, start: number): boolean {
  return text[start - 1] === '.' && /\d/.test(text[start - 2] ?? '');
}

/** `3486.21735030706` is one number. */
function isDecimal(chunk: DigitChunk, first: number, last: number): boolean {
  return last === first + 1 && chunk[last]?.separator === '.';
}

/** Long digits in a name such as `block_4012888888881881` are an identifier as a rule. */
function isJoinedByUnderscore(text: string, start: number, end: number): boolean {
  return text[start - 1] === '_' || text.slice(start - 2, start) === '_-' || text[end] === '_';
}

/**
 * Cards in a chunk of digit groups: any run of whole groups that one kind of separator holds together. Where several
 * overlap, a proven one goes first, then the longest that begins first.
 */
export function findCards(text: string, chunk: DigitChunk): LocatedFinding[] {
  const candidates = chunk.flatMap((_, first) => cardsFrom(text, chunk, first));
  if (candidates.length === 0) {
    const sparse = findSparselyWritten(text, chunk);
    return sparse === undefined ? [] : [sparse];
  }
  const weak = withoutOverlaps(candidates.filter(({ proven }) => !proven));
  return addWhereFree(withoutOverlaps(candidates.filter(({ proven }) => proven)), weak);
}

function cardsFrom(text: string, chunk: DigitChunk, first: number): LocatedFinding[] {
  const found: LocatedFinding[] = [];
  const start = chunk[first]?.start ?? 0;
  if (isFraction(text, start)) return found;
  // Up to 15 digits after a plus are a telephone number (ITU-T E.164).
  const afterPlus = text[start - 1] === '+';
  let digits = '';
  let separator: string | undefined;
  for (let last = first; last < chunk.length; last += 1) {
    const group = chunk[last] as DigitGroup;
    if (last > first) {
      const kind = separatorClass(group.separator);
      if (separator !== undefined && kind !== separator) break;
      // Only the last group of a card may be short, so nothing may follow a short one.
      if ((chunk[last - 1] as DigitGroup).digits.length < smallestGroup) break;
      separator = kind;
    }
    digits += group.digits;
    if (digits.length > longest) break;
    const verdict = afterPlus && digits.length <= 15 ? undefined : judgeCard(digits);
    if (verdict !== undefined && !isDecimal(chunk, first, last)) {
      const proven = verdict.proven && !isJoinedByUnderscore(text, start, group.end);
      found.push({ kind: 'payment-card', proven, start, end: group.end });
    }
  }
  return found;
}

/** `4 1 1 1 …`: accepted where it is the whole text and evenly written; a list of numbers may look so too: not proven. */
function findSparselyWritten(text: string, chunk: DigitChunk): LocatedFinding | undefined {
  const first = chunk[0];
  const last = chunk.at(-1);
  if (first === undefined || last === undefined || chunk.length < 7) return undefined;
  if (text.trim().length !== last.end - first.start) return undefined;
  const size = first.digits.length;
  if (size >= smallestGroup || !chunk.every((group) => group === last || group.digits.length === size))
    return undefined;
  if (!chunk.every((group) => group === first || group.separator === chunk[1]?.separator)) return undefined;
  if (judgeCard(chunk.map((group) => group.digits).join('')) === undefined) return undefined;
  return { kind: 'payment-card', proven: false, start: first.start, end: last.end };
}

/** Whether bare digits would be taken for a payment card, so that whoever makes numbers of that length can avoid it. */
export function isPaymentCardNumber(digits: string): boolean {
  return judgeCard(digits) !== undefined;
}
