import { type Cell, numberOfCell } from '@sdp/shared/contracts';

/** How the numbers of a column are written: 1234.5, 1,234.50 or 1.234,50; a blank or an apostrophe may part groups, too. */
export const numberForms = ['plain', 'grouped', 'comma'] as const;
export type NumberForm = (typeof numberForms)[number];

const shapes = {
  grouped: /^[+-]?(?:\d{1,3}(?:([,'’ \u00a0\u202f])\d{3}(?:\1\d{3})*)?|\d+)(?:\.\d+)?$/,
  comma: /^[+-]?(?:\d{1,3}(?:([.'’ \u00a0\u202f])\d{3}(?:\1\d{3})*)?|\d+)(?:,\d+)?$/,
} as const;
const groupSigns = /[,'’ \u00a0\u202f]/g;
const commaGroupSigns = /[.'’ \u00a0\u202f]/g;
/** What programs write for a value that is missing. */
const missing = /^(?:-{1,2}|\?|\.|#?n\/?a|nan|null|nil|none|missing|unknown)$/i;
/** A currency or a percent sign before or behind a number, with or without a blank. */
const signs = /^\p{Sc}\s?|\s?[\p{Sc}%]$/gu;
const longestNumber = 64;
/** What is beyond counts as so much: it doesn't fit float32, in which the forest computes. */
const largestFloat32 = 3.4e38;

/** The number in a cell, NaN where there is none. */
export function readNumber(cell: Cell | undefined, form: NumberForm): number {
  let value = numberOfCell(cell);
  if (form !== 'plain' && typeof cell === 'string' && cell.length <= longestNumber) {
    const text = cell.trim().replace(signs, '');
    if (!shapes[form].test(text)) return Number.NaN;
    value = Number(
      form === 'grouped' ? text.replace(groupSigns, '') : text.replace(commaGroupSigns, '').replace(',', '.'),
    );
  }
  return Math.max(-largestFloat32, Math.min(largestFloat32, value));
}

const dateShape =
  /^(?:(\d{4})([-/])(\d{2})\2(\d{2})|(\d{2})\.(\d{2})\.(\d{4}))(?:[T ](\d{2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/;
const longestDate = 40;
const dayMs = 86_400_000;

export interface CellDate {
  /** Since 1970; by the clock that the cell gives, whatever its zone. */
  readonly days: number;
  /** Hours since midnight; undefined where the cell gives no time. */
  readonly hours: number | undefined;
  /** How far its zone is ahead of UTC; 0 where it names none. */
  readonly zoneDays: number;
}

/** A date like 1980-01-31, 1980/01/31 or 31.01.1980, with or without a time; undefined for anything else. */
export function readDate(cell: Cell | undefined): CellDate | undefined {
  if (typeof cell !== 'string' || cell.length > longestDate) return undefined;
  const parts = dateShape.exec(cell.trim());
  if (!parts) return undefined;
  const [year, month, day] = (parts[1] ? [parts[1], parts[3], parts[4]] : [parts[7], parts[6], parts[5]]).map(Number);
  const midnight = Date.UTC(year as number, (month as number) - 1, day);
  if (new Date(midnight).getUTCDate() !== day || new Date(midnight).getUTCMonth() + 1 !== month) return undefined;
  const [hour, minute, second] = [parts[8], parts[9], `${parts[10] ?? 0}${parts[11] ?? ''}`].map(Number);
  if (parts[8] === undefined) return { days: midnight / dayMs, hours: undefined, zoneDays: 0 };
  const hours = (hour as number) + (minute as number) / 60 + (second as number) / 3_600;
  // A leap second is one of the next minute; midnight may be written 24:00.
  if (hours > 24 || (minute as number) > 59 || (second as number) >= 61) return undefined;
  return { days: midnight / dayMs + hours / 24, hours, zoneDays: zoneDaysOf(parts[12]) };
}

function zoneDaysOf(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return ((zone.startsWith('-') ? -1 : 1) * minutes) / 1_440;
}

/** Milliseconds since 1970 of a date, with or without a time; in UTC where it names no zone. */
export function readInstant(cell: Cell | undefined): number | undefined {
  const date = readDate(cell);
  return date && Math.round((date.days - date.zoneDays) * 86_400_000);
}

export function isEmpty(cell: Cell | undefined): boolean {
  return cell === undefined || cell === null || cell === '';
}

/** Whether a cell says that there is no value. In a column of numbers or dates it is a gap; elsewhere a value like others. */
export function saysMissing(cell: Cell | undefined): boolean {
  return typeof cell === 'string' && missing.test(cell.trim());
}

/** A value of a category, as text: `1` and `"1"` are one value. */
export function categoryOf(cell: Cell | undefined): string {
  return isEmpty(cell) ? '' : String(cell).trim();
}
