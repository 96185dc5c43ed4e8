import { isPaymentCardNumber } from '../detection/payment-card.ts';
import type { Method } from './methods.ts';

export interface MaskOptions {
  /** Leading characters (Unicode code points) to leave readable; digits, in a card number. */
  readonly keepFirst?: number;
  /** Trailing characters to leave readable; 4 where neither is given. */
  readonly keepLast?: number;
}

const maskCharacter = '*';
const formulaStart = /^[=+\-@\t\r]/;
const cardShape = /^\d(?:[ -]?\d){12,18}$/;

/**
 * Covers all characters but the first and last few, one `*` a character.
 *
 * Never more than half of a value is left readable: one shorter than twice what would be kept is covered whole. With
 * the default (last 4) that means a value shows its end from 8 characters on. A first character that could begin a
 * formula in a spreadsheet is covered in any case.
 *
 * Of a payment card number, what is kept is counted in digits, blanks and hyphens between them stay, and at most what
 * counts as truncated is left readable, however much is asked for: see {@link truncationLimit}.
 *
 * @throws {RangeError} if an option isn't a whole number of at least 0
 */
export function maskMethod(options: MaskOptions = {}): Method {
  const keepFirst = options.keepFirst ?? 0;
  const keepLast = options.keepLast ?? (options.keepFirst === undefined ? 4 : 0);
  for (const count of [keepFirst, keepLast]) {
    if (!Number.isSafeInteger(count) || count < 0) throw new RangeError('A mask keeps a whole number of characters.');
  }
  const kept = keepFirst + keepLast;
  return (value) => {
    if (isCard(value)) return maskCard(value, keepFirst, keepLast);
    // Code points, so that no half of a surrogate pair is left over.
    const characters = Array.from(value);
    if (characters.length < 2 * kept) return maskCharacter.repeat(characters.length);
    const masked =
      characters.slice(0, keepFirst).join('') +
      maskCharacter.repeat(characters.length - kept) +
      characters.slice(characters.length - keepLast).join('');
    return formulaStart.test(masked) ? maskCharacter + masked.slice(1) : masked;
  };
}

/**
 * The most digits of a card number that may stay for it to count as truncated: the first eight and four others of 16
 * digits, else the first six and the last four, so that five of an American Express number go (PCI SSC, FAQ 1091;
 * PCI DSS 4.0.1, requirement 3.5.1). Whoever holds two truncations of one number can put them together (FAQ 1117).
 */
function truncationLimit(digits: number): { readonly first: number; readonly last: number } {
  return { first: digits === 16 ? 8 : 6, last: 4 };
}

function isCard(value: string): boolean {
  return cardShape.test(value) && isPaymentCardNumber(value.replace(/[ -]/g, ''));
}

function maskCard(value: string, keepFirst: number, keepLast: number): string {
  const digits = value.replace(/[ -]/g, '').length;
  const limit = truncationLimit(digits);
  const [first, last] = [Math.min(keepFirst, limit.first), Math.min(keepLast, limit.last)];
  let seen = 0;
  return value.replace(/\d/g, (digit) => {
    seen += 1;
    return seen <= first || seen > digits - last ? digit : maskCharacter;
  });
}
