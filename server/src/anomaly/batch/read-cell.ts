import { type Cell, numberOfCell } from '@sdp/shared/contracts';

/** How the numbers of a column are written: 1234.5, 1,234.50 or 1.234,50. */
export const numberForms = ['plain', 'grouped', 'comma'] as const;
export type NumberForm = (typeof numberForms)[number];

const shapes = {
  grouped: /^[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?$/,
  comma: /^[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d+)?$/,
} as const;
/** A currency or a percent sign before or behind a number, with or without a blank. */
const signs = /^\p{Sc}\s?|\s?[\p{Sc}%]$/gu;
const longestNumber = 64;
/** Beyond it a number doesn't fit float32, in which the forest computes. */
const largestFloat32 = 3.4e38;

/** The number in a cell, NaN where there is none. */
export function readNumber(cell: Cell | undefined, form: NumberForm): number {
  let value = numberOfCell(cell);
  if (form !== 'plain' && typeof cell === 'string' && cell.length <= longestNumber) {
    const text = cell.trim().replace(signs, '');
    if (!shapes[form].test(text)) return Number.NaN;
    value = Number(form === 'grouped' ? text.replaceAll(',', '') : text.replaceAll('.', '').replace(',', '.'));
  }
  return Math.abs(value) <= largestFloat32 ? value : Number.NaN;
}

const dateShape =
  /^(?:(\d{4})([-/])(\d{2})\2(\d{2})|(\d{2})\.(\d{2})\.(\d{4}))(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$/;
const longestDate = 40;

export interface CellDate {
  /** Since 1970; by the clock that the cell gives, whatever its zone. */
  readonly days: number;
  /** Hours since midnight; undefined where the cell gives no time. */
  readonly hours: number | undefined;
}

/** A date like 1980-01-31, 1980/01/31 or 31.01.1980, with or without a time; undefined for anything else. */
export function readDate(cell: Cell | undefined): CellDate | undefined {
  if (typeof cell !== 'string' || cell.length > longestDate) return undefined;
  const parts = dateShape.exec(cell.trim());
  if (!parts) return undefined;
  const [year, month, day] = (parts[1] ? [parts[1], parts[3], parts[4]] : [parts[7], parts[6], parts[5]]).map(Number);
  const midnight = Date.UTC(year as number, (month as number) - 1, day);
  if (new Date(midnight).getUTCDate() !== day || new Date(midnight).getUTCMonth() + 1 !== month) return undefined;
  const hours =
    parts[8] === undefined ? undefined : Number(parts[8]) + Number(parts[9]) / 60 + Number(parts[10] ?? 0) / 3_600;
  return { days: midnight / 86_400_000 + (hours ?? 0) / 24, hours };
}

export function isEmpty(cell: Cell | undefined): boolean {
  return cell === undefined || cell === null || cell === '';
}

/** A value of a category, as text: `1` and `"1"` are one value. */
export function categoryOf(cell: Cell | undefined): string {
  return isEmpty(cell) ? '' : String(cell).trim();
}
