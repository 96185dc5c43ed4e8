import { InputError } from '@sdp/shared/errors';
import { resolveColumns } from '../csv/index.ts';
import type { AnonymizeConfig, ColumnRole } from './anonymize-plan.ts';

export interface RoledColumn {
  readonly name: string;
  readonly role: ColumnRole;
}

/**
 * Gives every column of a table its role.
 *
 * @param tokens columns that hold tokens, as the manifest says: they need no role
 * @throws {InputError} `csv-column-unknown` for a role without a column, `column-unconfigured` where a column has no role
 *   and `others` doesn't say one
 */
export function assignRoles(
  header: readonly string[],
  config: AnonymizeConfig,
  tokens: ReadonlySet<string>,
): readonly RoledColumn[] {
  const roles = new Map(Object.entries(config.columns ?? {}));
  resolveColumns(header, [...roles.keys()]);
  const others = config.others ?? 'error';
  const roleless = header.filter((name) => !roles.has(name) && !tokens.has(name));
  if (others === 'error' && roleless.length > 0) {
    throw new InputError('column-unconfigured', {
      message: `${roleless.length === 1 ? 'A column has' : `${roleless.length} columns have`} no role`,
      remedy: 'Name them as quasi-identifier, sensitive, keep or drop, or say --others drop.',
      details: { findings: roleless.map((name) => ({ message: 'has no role', field: name })), count: roleless.length },
    });
  }
  return header.map((name): RoledColumn => {
    const role = roles.get(name);
    if (role !== undefined) return { name, role };
    // What happens to tokens is said by --tokens; they are looked at only as what may be kept.
    return { name, role: { role: tokens.has(name) || others === 'keep' ? 'keep' : 'drop' } };
  });
}
