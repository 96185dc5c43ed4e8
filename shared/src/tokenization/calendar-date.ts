import { type Refusal, refuse } from './outcome.ts';

/** Which of the first two numbers is the day, in dates like 01/02/2024. */
export type DateOrder = 'dmy' | 'mdy';

/** What a single date can't tell and so is declared for a whole column. */
export interface DateStyle {
  /** Needed for dates with slashes or hyphens that don't begin with the year. Dots mean day, month, year. */
  readonly order?: DateOrder;
  /** Whether days and months below ten have a leading zero; they do unless declared otherwise. */
  readonly padded?: boolean;
}

/** A date as it was written. */
export interface WrittenDate {
  readonly year: number;
  /** 1–12 */
  readonly month: number;
  /** 1–31 */
  readonly day: number;
  /** The same text with another date; blanks and the time of day stay. */
  write(year: number, month: number, day: number): string;
}

const time = String.raw`(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?(?: ?[AaPp]\.?[Mm]\.?)?(?: ?(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?|T\d{4}(?:\d{2}(?:[.,]\d{1,9})?)?(?:Z|[+-]\d{2}(?::?\d{2})?)?)`;
const yearFirst = new RegExp(String.raw`^(\s*)(\d{4})([-/.])(\d{1,2})\3(\d{1,2})(${time}?\s*)$`);
const yearLast = new RegExp(String.raw`^(\s*)(\d{1,2})([-/.])(\d{1,2})\3(\d{4})(${time}?\s*)$`);
const compact = new RegExp(String.raw`^(\s*)(\d{4})(\d{2})(\d{2})(${time}?\s*)$`);
const shortYear = /^\s*\d{1,2}([-/.])\d{1,2}\1\d{2}(?!\d)/;

/**
 * Reads 2024-02-29, 2024/02/29, 2024.02.29, 20240229, 29.02.2024, 29/02/2024 and 02/29/2024, each with a time of day
 * behind it or without (ISO 8601, RFC 3339 and their everyday relatives). Gregorian calendar, years 1–9999.
 */
export function parseDate(text: string, style: DateStyle = {}): WrittenDate | Refusal {
  const padded = style.padded ?? true;
  const number = (value: number) => (padded ? String(value).padStart(2, '0') : String(value));

  const compactParts = compact.exec(text);
  if (compactParts !== null) {
    const [, before = '', year = '', month = '', day = '', after = ''] = compactParts;
    return checked(year, month, day, (y, m, d) => `${before}${four(y)}${two(m)}${two(d)}${after}`);
  }
  const isoParts = yearFirst.exec(text);
  if (isoParts !== null) {
    const [, before = '', year = '', separator = '', month = '', day = '', after = ''] = isoParts;
    if (!fits(month, padded) || !fits(day, padded)) return refuse('date-padding');
    const write = (y: number, m: number, d: number) =>
      before + four(y) + separator + number(m) + separator + number(d) + after;
    return checked(year, month, day, write);
  }
  const parts = yearLast.exec(text);
  if (parts === null) return refuse(shortYear.test(text) ? 'two-digit-year' : 'not-a-date');
  const [, before = '', first = '', separator = '', second = '', year = '', after = ''] = parts;
  if (!fits(first, padded) || !fits(second, padded)) return refuse('date-padding');
  const order = separator === '.' ? 'dmy' : style.order;
  if (order === undefined) return refuse('date-order-needed');
  const [day, month] = order === 'dmy' ? [first, second] : [second, first];
  const write = (y: number, m: number, d: number) => {
    const [a, b] = order === 'dmy' ? [d, m] : [m, d];
    return before + number(a) + separator + number(b) + separator + four(y) + after;
  };
  const date = checked(year, month, day, write);
  const swapped = 'refused' in date && !('refused' in checked(year, day, month, write));
  return swapped ? refuse('date-order') : date;
}

/** A date that isn't padded has no leading zero, one that is has two digits throughout. */
function fits(part: string, padded: boolean): boolean {
  return padded ? part.length === 2 : part[0] !== '0';
}

function checked(year: string, month: string, day: string, write: WrittenDate['write']): WrittenDate | Refusal {
  const [y, m, d] = [Number(year), Number(month), Number(day)];
  if (y < 1 || m < 1 || m > 12 || d < 1 || d > daysIn(y, m)) return refuse('not-a-date');
  return { year: y, month: m, day: d, write };
}

const four = (value: number) => String(value).padStart(4, '0');
const two = (value: number) => String(value).padStart(2, '0');
const monthLengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && leap ? 29 : (monthLengths[month - 1] ?? 0);
}
