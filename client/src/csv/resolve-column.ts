import { type Finding, InputError, nearestName } from '@sdp/shared/errors';

/**
 * Finds columns by their exact names.
 *
 * @returns 0-based indexes, in the order of `names`
 * @throws {InputError} `csv-column-unknown` or `csv-column-ambiguous`, listing every name that does not fit
 */
export function resolveColumns(header: readonly string[], names: readonly string[]): number[] {
  const unknown: Finding[] = [];
  const ambiguous: Finding[] = [];
  const indexes = names.map((name) => {
    const index = header.indexOf(name);
    if (index < 0)
      unknown.push({ message: `no such column in the header${hintFor(name, header, names)}`, field: name });
    else if (header.indexOf(name, index + 1) >= 0) {
      ambiguous.push({ message: 'stands in the header more than once', field: name });
    }
    return index;
  });
  if (unknown.length > 0) {
    throw new InputError('csv-column-unknown', { details: { findings: unknown, count: unknown.length } });
  }
  if (ambiguous.length > 0) {
    throw new InputError('csv-column-ambiguous', { details: { findings: ambiguous, count: ambiguous.length } });
  }
  return indexes;
}

/** {@link resolveColumns} for one column. */
export function resolveColumn(header: readonly string[], name: string): number {
  return resolveColumns(header, [name])[0] as number;
}

/**
 * What may have been meant. The first row of a file without a header is data, so a name is told only where it is what the
 * user wrote but for case, or where another of the user's names stands in the row; else its place is.
 */
function hintFor(name: string, header: readonly string[], names: readonly string[]): string {
  if (header.some((column) => column.startsWith(`${name}.`)))
    return '; it is an object: name its fields, each by its path';
  const nearest = nearestName(name.trim(), header);
  if (nearest === undefined) return '';
  const isHeader = names.some((other) => header.includes(other));
  const isSame = nearest.trim().toLowerCase() === name.trim().toLowerCase();
  return isHeader || isSame
    ? `; did you mean ${nearest === nearest.trim() ? nearest : JSON.stringify(nearest)}?`
    : `; column ${header.indexOf(nearest) + 1} is spelled nearly so`;
}
