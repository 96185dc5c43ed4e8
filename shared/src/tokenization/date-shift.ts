import { type DateStyle, parseDate } from './calendar-date.ts';
import { type Outcome, refuse } from './outcome.ts';

export interface DateShiftOptions extends DateStyle {
  /** By how many days the dates of an entity move; a whole number, the same at every call. See {@link shiftDays}. */
  readonly daysFor: (entity: string) => number;
}

/** Moves dates by a number of days that is constant for an entity, so that the intervals between its dates stay. */
export interface DateShift {
  /** Format, blanks and time of day stay. An empty value stays empty. */
  apply(value: string, entity: string): Outcome;
  /** Undoes {@link DateShift.apply}. */
  undo(value: string, entity: string): Outcome;
}

/**
 * Dates that can't be read in the column's style are refused, as are those that would leave the years 1–9999: a date
 * that was guessed wrong would come back as another.
 */
export function dateShift(options: DateShiftOptions): DateShift {
  const { daysFor } = options;
  const move = (value: string, days: number): Outcome => {
    if (value === '') return '';
    const date = parseDate(value, options);
    if ('refused' in date) return date;
    const moved = dayNumber(date.year, date.month, date.day) + days;
    if (moved < firstDay || moved > lastDay) return refuse('date-out-of-range');
    const { year, month, day } = civilDate(moved);
    return date.write(year, month, day);
  };
  return {
    apply: (value, entity) => move(value, daysFor(entity)),
    undo: (value, entity) => move(value, -daysFor(entity)),
  };
}

/**
 * A shift between -maxDays and maxDays, never 0, from a keyed hash of the entity.
 *
 * @param hashHex at least 13 hex digits
 * @throws {RangeError} if `maxDays` isn't a whole number from 1 to 36,500
 */
export function shiftDays(hashHex: string, maxDays: number): number {
  if (!Number.isSafeInteger(maxDays) || maxDays < 1 || maxDays > 36_500) {
    throw new RangeError('A date shift is at most 1 to 36,500 days.');
  }
  const drawn = Number.parseInt(hashHex.slice(0, 13), 16) % (2 * maxDays);
  return drawn < maxDays ? drawn - maxDays : drawn - maxDays + 1;
}

const daysPerEra = 146_097;

/**
 * Days since 1 March of year 0 in the proleptic Gregorian calendar. A year that begins in March has its leap day last,
 * and a whole 400 years have the same number of days (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
 */
function dayNumber(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear;
}

/** The inverse of {@link dayNumber}. */
function civilDate(days: number): { year: number; month: number; day: number } {
  const era = Math.floor(days / daysPerEra);
  const dayOfEra = days - era * daysPerEra;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1_460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return { year, month, day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1 };
}

const firstDay = dayNumber(1, 1, 1);
const lastDay = dayNumber(9_999, 12, 31);
