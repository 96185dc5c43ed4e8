import { type Finding, InputError } from '@sdp/shared/errors';

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
    if (index < 0) unknown.push({ message: 'no such column in the header', field: name });
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
