import { longestCard, luhnSum, shortestCard } from './luhn.ts';
import { type Refusal, refuse } from './outcome.ts';

export interface CardOptions {
  /**
   * Digits for a value's `attempt`th surrogate, as hex: at least 32 characters of a keyed hash over both, so that equal
   * values get equal surrogates and nobody without the key can guess them.
   */
  readonly digits: (value: string, attempt: number) => string;
  /** Keep the first six digits too. The surrogate then fails Luhn's checksum instead of having a prefix of its own. */
  readonly keepFirst?: 6;
}

/** Makes stand-ins for card numbers; a vault remembers which stands for which. */
export interface CardMethod {
  /** Why a value has no surrogate, or `undefined` where it has one. */
  refusal(value: string): Refusal | undefined;
  /** The surrogate to try; the next attempt, where another value has this one. Pure. */
  candidate(value: string, attempt: number): string;
}

/**
 * Begins no card number: 9 is followed by a country's ISO 3166-1 numeric code (ISO/IEC 7812-1), and 9xx is left to users,
 * so no country has one.
 */
export const surrogateCardPrefix = '99';

const keptLast = 4;
const fewestHidden = 5;

/**
 * Surrogates with a card number's length, separators and last four digits.
 *
 * By default they begin with {@link surrogateCardPrefix} and pass Luhn's checksum: systems that check cards take them,
 * and nobody takes them for real ones. With `keepFirst: 6` the issuer stays readable, the digits between are drawn
 * anew, and the checksum fails, so that no such number is anybody's card.
 */
export function cardMethod(options: CardOptions): CardMethod {
  const keepFirst = options.keepFirst ?? 0;
  return {
    refusal: (value) => {
      const digits = cardDigits(value);
      if (digits === undefined) return refuse('not-a-card-number');
      return keepFirst > 0 && digits.length - keepFirst - keptLast < fewestHidden
        ? refuse('card-too-short')
        : undefined;
    },
    candidate: (value, attempt) => {
      const digits = cardDigits(value);
      if (digits === undefined) throw new TypeError('A value without digits of a card was not refused.');
      const drawn = options.digits(digits, attempt);
      const made = keepFirst > 0 ? withoutChecksum(digits, keepFirst, drawn) : withPrefix(digits, drawn);
      return dressAs(value, made);
    },
  };
}

/** Whether a text is a {@link cardMethod} surrogate of the default kind: prefix 99, 12–19 digits, Luhn-valid. */
export function isCardSurrogate(text: string): boolean {
  const digits = cardDigits(text);
  return digits?.startsWith(surrogateCardPrefix) === true && luhnSum(digits) === 0;
}

const cardPattern = /^\s*\d(?:[ .-]?\d){11,18}\s*$/;

function cardDigits(value: string): string | undefined {
  if (!cardPattern.test(value)) return undefined;
  const digits = value.replace(/\D/g, '');
  return digits.length >= shortestCard && digits.length <= longestCard ? digits : undefined;
}

/** 99, drawn digits, one that makes the checksum hold, the last four. */
function withPrefix(digits: string, drawn: string): string {
  const free = digits.length - surrogateCardPrefix.length - 1 - keptLast;
  const head = surrogateCardPrefix + drawDigits(drawn, free);
  const tail = digits.slice(-keptLast);
  // The digit stands fifth from the right, where Luhn doesn't double: it enters the sum as it is.
  return head + String((10 - luhnSum(`${head}0${tail}`)) % 10) + tail;
}

/** The first and the last digits as they are, drawn ones between; one of those moved on where the checksum would hold. */
function withoutChecksum(digits: string, keepFirst: number, drawn: string): string {
  const hidden = digits.length - keepFirst - keptLast;
  const middle = drawDigits(drawn, hidden);
  const [first, last] = [digits.slice(0, keepFirst), digits.slice(-keptLast)];
  const made = first + middle + last;
  if (luhnSum(made) !== 0) return made;
  const moved = (Number(middle.at(-1)) + 1 + (Number.parseInt(drawn.slice(26, 28), 16) % 9)) % 10;
  return first + middle.slice(0, -1) + String(moved) + last;
}

/** Up to 13 decimal digits from 26 hex ones; the bias is below 2^-22. */
function drawDigits(hex: string, count: number): string {
  const high = Number.parseInt(hex.slice(0, 13), 16) % 10_000_000;
  const low = Number.parseInt(hex.slice(13, 26), 16) % 1_000_000;
  return (String(high).padStart(7, '0') + String(low).padStart(6, '0')).slice(0, count);
}

/** Puts digits in the places of a value's own, and keeps what stands between them. */
function dressAs(value: string, digits: string): string {
  if (value.length === digits.length) return digits;
  let next = 0;
  return value.replace(/\d/g, () => digits[next++] ?? '');
}
