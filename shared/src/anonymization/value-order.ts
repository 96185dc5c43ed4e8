/** How the values of a column are compared: it decides what lies between two of them. */
export type ValueKind = 'numeric' | 'date' | 'categorical';

/** At most 15 digits, so that different texts don't fall on one number. */
const numericText = /^[+-]?(?:\d{1,15}|(?=[\d.]{2,16}$)\d*\.\d+)$/;
const isoDate = /^(\d{4})[-/](\d{2})[-/](\d{2})$/;
const isoDateTime = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?$/;

/** The kind that all of the values have. No values: categorical. */
export function kindOf(values: Iterable<string>): ValueKind {
  let numeric = true;
  let date = true;
  let any = false;
  for (const value of values) {
    any = true;
    numeric &&= numericText.test(value);
    date &&= Number.isFinite(timeOf(value));
    if (!numeric && !date) return 'categorical';
  }
  if (!any) return 'categorical';
  return numeric ? 'numeric' : 'date';
}

/** Where a value lies on its column's axis; for categorical values, which have none, 0. */
export function positionOf(value: string, kind: ValueKind): number {
  if (kind === 'numeric') return Number(value);
  return kind === 'date' ? timeOf(value) : 0;
}

/** Milliseconds since 1970 of a date that starts with the year (other orders can't be told apart), or NaN. */
function timeOf(value: string): number {
  const [, year, month, day] = isoDate.exec(value) ?? [];
  if (year !== undefined) {
    const time = Date.UTC(Number(year), Number(month) - 1, Number(day));
    return new Date(time).getUTCDate() === Number(day) && Number(month) <= 12 ? time : Number.NaN;
  }
  if (!isoDateTime.test(value)) return Number.NaN;
  const zoned = /(?:Z|[+-]\d{2}:?\d{2})$/.test(value.slice(11)) ? value : `${value}Z`;
  return Date.parse(zoned.replace(' ', 'T').replace(/([+-]\d{2})(\d{2})$/, '$1:$2'));
}
