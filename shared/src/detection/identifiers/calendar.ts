const lengths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Whether a month has the day in some year; with a year of four digits, in that one. */
export function isCalendarDate(year: number | undefined, month: number, day: number): boolean {
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= (lengths[month - 1] ?? 0))) return false;
  if (year === undefined || month !== 2 || day < 29) return true;
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

/** A date of birth that somebody living in this or the last century can have. */
export function isBirthDate(year: number, month: number, day: number): boolean {
  return year >= 1880 && year <= 2035 && isCalendarDate(year, month, day);
}

/** `YYMMDD` at an index; the century is unknown, so 29 February always counts. */
export function isShortDateAt(digits: string, index: number): boolean {
  return isCalendarDate(
    undefined,
    Number(digits.slice(index + 2, index + 4)),
    Number(digits.slice(index + 4, index + 6)),
  );
}

/** `DDMMYY` at an index. */
export function isReversedDateAt(digits: string, index: number): boolean {
  return isCalendarDate(undefined, Number(digits.slice(index + 2, index + 4)), Number(digits.slice(index, index + 2)));
}

/** `YYYYMMDD` at an index. */
export function isLongDateAt(digits: string, index: number): boolean {
  const part = (from: number, to: number) => Number(digits.slice(index + from, index + to));
  return isBirthDate(part(0, 4), part(4, 6), part(6, 8));
}
