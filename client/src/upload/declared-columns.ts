import { type ColumnMethod, columnMethods } from '@sdp/shared/contracts';
import { type Finding, InputError, UsageError } from '@sdp/shared/errors';
import type { ColumnOptions } from '../manifest/index.ts';

/** How one column of the file was made, as far as anybody says. */
export interface UploadColumn {
  readonly name: string;
  readonly method: ColumnMethod;
  /** Where its tokens live or its keys come from, if that is known. */
  readonly namespace?: string;
  /** What finding the result of a raw value again needs, from the manifest. */
  readonly options?: ColumnOptions;
}

/** Parses `--declare COLUMN=METHOD`; a column's name may hold `=`. */
export function parseDeclarations(options: readonly string[]): Map<string, ColumnMethod> {
  const declared = new Map<string, ColumnMethod>();
  for (const option of options) {
    const at = option.lastIndexOf('=');
    const method = columnMethods.find((name) => name === option.slice(at + 1));
    if (at <= 0 || method === undefined) {
      throw new UsageError('usage-invalid', {
        message: 'A --declare option is not of the form COLUMN=METHOD',
        remedy: `METHOD is one of ${columnMethods.join(', ')}, e.g. --declare email=token.`,
      });
    }
    declared.set(option.slice(0, at), method);
  }
  return declared;
}

/**
 * Columns by the user's word. A column that is left out must speak for itself (see `column-checks.ts`).
 *
 * @throws {InputError} `csv-column-unknown` for a declared column that isn't there
 */
export function columnsDeclaredByUser(
  header: readonly string[],
  declared: ReadonlyMap<string, ColumnMethod>,
): UploadColumn[] {
  assertKnownColumns(header, [...declared.keys()], '--declare');
  return header.map((name) => ({ name, method: declared.get(name) ?? 'keep' }));
}

/** @throws {InputError} `csv-column-unknown` listing the names that the header lacks */
export function assertKnownColumns(header: readonly string[], names: readonly string[], option: string): void {
  const findings = names
    .filter((name) => !header.includes(name))
    .map((name): Finding => ({ message: `named by ${option}, not in the header`, field: name }));
  if (findings.length > 0)
    throw new InputError('csv-column-unknown', { details: { findings, count: findings.length } });
}
