import type { ColumnMethod } from '@sdp/shared/contracts';
import { type Finding, InputError } from '@sdp/shared/errors';
import type { TokenizationConfig } from '../config/index.ts';
import { resolveColumns } from '../csv/index.ts';

/** What is done to one column of the file at hand. */
export interface ColumnRule {
  readonly name: string;
  /** 0-based, in the input. */
  readonly index: number;
  readonly method: ColumnMethod | 'drop';
  /** Of `token` and `hash`. */
  readonly namespace?: string;
  readonly keepFirst?: number;
  readonly keepLast?: number;
}

/** A rule for every column of a header, in its order. */
export type ColumnPlan = (header: readonly string[]) => readonly ColumnRule[];

/** Where a column's tokens live unless a configuration says otherwise. */
export function defaultNamespace(sourceTable: string, column: string): string {
  return `${sourceTable}.${column}`;
}

/**
 * Tokenizes the named columns and keeps all others.
 *
 * @throws {InputError} from the plan: `csv-column-unknown`, `csv-column-ambiguous`
 */
export function planNamedColumns(
  columns: readonly string[],
  sourceTable: string,
  keyColumn: string | undefined,
): ColumnPlan {
  return (header) => {
    const named = new Set(resolveColumns(header, columns));
    if (keyColumn !== undefined) resolveColumns(header, [keyColumn]);
    return header.map((name, index) =>
      named.has(index)
        ? { name, index, method: 'token', namespace: defaultNamespace(sourceTable, name) }
        : { name, index, method: 'keep' },
    );
  };
}

/**
 * Treats every column as the configuration says.
 *
 * @throws {InputError} from the plan: `csv-column-unknown`, `csv-column-ambiguous`, `column-unconfigured`
 */
export function planConfiguredColumns(config: TokenizationConfig): ColumnPlan {
  return (header) => {
    resolveColumns(header, [...config.columns.keys()]);
    if (config.keyColumn !== undefined) resolveColumns(header, [config.keyColumn]);
    const unconfigured = header.flatMap((name, index) => (config.columns.has(name) ? [] : [{ name, index }]));
    if (unconfigured.length > 0 && config.default === 'error') {
      const findings: Finding[] = unconfigured.map(({ name, index }) => ({
        message: `column ${index + 1} of the file has no method`,
        ...(name === '' ? {} : { field: name }),
      }));
      throw new InputError('column-unconfigured', { details: { findings, count: findings.length } });
    }
    const rest = config.default === 'drop' ? 'drop' : 'keep';
    return header.map((name, index): ColumnRule => {
      const column = config.columns.get(name);
      if (!column) return { name, index, method: rest };
      const reversible = column.method === 'token' || column.method === 'hash';
      const namespace = column.namespace ?? defaultNamespace(config.sourceTable, name);
      return { name, index, ...column, ...(reversible ? { namespace } : {}) };
    });
  };
}
