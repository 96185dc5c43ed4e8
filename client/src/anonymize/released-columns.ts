import type { Anonymization, EncodedColumn } from '@sdp/shared/anonymization';
import { InputError } from '@sdp/shared/errors';
import type { AnonymizeConfig } from './anonymize-plan.ts';
import type { RoledColumn } from './assign-roles.ts';
import type { ReadColumns } from './read-columns.ts';
import { originalColumn, type ReleasedColumn, renamedColumn } from './release-rows.ts';
import { holdsTokens, releaseNames } from './token-columns.ts';

/** The columns of the output, in the order of the input. */
export function releasedColumns(
  columns: readonly RoledColumn[],
  read: ReadColumns,
  { classOf, classes }: Anonymization,
  quasi: readonly EncodedColumn[],
  tokens: ReadonlySet<string>,
  { tokens: treatment = 'drop' }: AnonymizeConfig,
): ReleasedColumn[] {
  const rename = releaseNames();
  return columns.flatMap(({ name, role }): ReleasedColumn[] => {
    if (role.role === 'drop') return [];
    if (role.role === 'quasi') {
      const index = quasi.findIndex((column) => column.name === name);
      const text = (record: number) => classes[classOf[record] as number]?.values[index] as string;
      return [{ name, isOriginal: false, text }];
    }
    const original = read.original.get(name) as EncodedColumn;
    if (!tokens.has(name) || treatment === 'keep') return [originalColumn(original)];
    return treatment === 'drop' ? [] : [renamedColumn(original, rename)];
  });
}

/** What is released with its own values. */
export function visibleColumns(
  columns: readonly RoledColumn[],
  read: ReadColumns,
  tokens: ReadonlySet<string>,
  { tokens: treatment = 'drop' }: AnonymizeConfig,
): EncodedColumn[] {
  return columns.flatMap(({ name, role }) => {
    const isVisible = role.role === 'keep' || role.role === 'sensitive';
    const column = read.original.get(name);
    return isVisible && column !== undefined && !(tokens.has(name) && treatment !== 'keep') ? [column] : [];
  });
}

/**
 * Which columns hold tokens, by the manifest or by their values.
 *
 * @throws {InputError} `anonymization-impossible` where a quasi-identifier does: its generalizations could still be joined by
 */
export function tokensAmong(
  columns: readonly RoledColumn[],
  read: ReadColumns,
  fromManifest: ReadonlySet<string>,
  { tokens: treatment = 'drop' }: AnonymizeConfig,
): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { name, role } of columns) {
    if (role.role === 'drop') continue;
    const column = read.original.get(name) ?? read.judged.get(name);
    if (!fromManifest.has(name) && !(column !== undefined && holdsTokens(column))) continue;
    found.add(name);
    if (role.role !== 'quasi' || treatment === 'keep') continue;
    throw new InputError('anonymization-impossible', {
      message: `Column ${name} holds tokens, which cannot be generalized`,
      remedy: 'Drop it, or give it no role; --tokens says what becomes of token columns.',
      details: { column: name },
    });
  }
  return found;
}
