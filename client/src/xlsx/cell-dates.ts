const dayMs = 86_400_000;
/** Of 9999-12-31. */
const lastSerial = 2_958_465;

/** Formats that have a number instead of a text (ECMA-376, part 1, 18.8.30) and show a date or a time of day. */
export function isDateFormatId(id: number): boolean {
  return (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || id === 45 || id === 47 || (id >= 50 && id <= 58);
}

/** Whether a format shows a date or a time of day; one that counts hours (`[h]:mm`) shows a number. */
export function isDateFormat(format: string): boolean {
  const [first = ''] = format.replace(/"[^"]*"|[\\_*]./g, '').split(';');
  if (/\[(?:h+|m+|s+)\]/i.test(first)) return false;
  return /[dmyhs]/i.test(first.replace(/\[[^\]]*\]/g, '').replace(/general/i, ''));
}

/**
 * A date as ISO 8601: with its time where it has one, a time alone without a date.
 *
 * @param serial days since the beginning of 1900, a year that counts as a leap year, or of 1904
 * @returns `undefined` for what is none
 */
export function isoOfSerial(serial: number, { since1904 }: { readonly since1904: boolean }): string | undefined {
  const firstUnreal = 60;
  if (!(serial >= 0 && serial < lastSerial + 1)) return undefined;
  if (!since1904 && Math.floor(serial) === firstUnreal) return undefined;
  const epoch = since1904 ? Date.UTC(1904, 0, 1) : Date.UTC(1899, 11, serial < firstUnreal ? 31 : 30);
  const ms = Math.round(serial * dayMs);
  const text = new Date(epoch + ms).toISOString().replace(/(?:\.000)?Z$/, '');
  // The first day of 1904 is a day, where nothing says that it is a time.
  if (ms < dayMs && !(since1904 && ms === 0)) return text.slice(11);
  return ms % dayMs === 0 ? text.slice(0, 10) : text;
}
