import { type Finding, InputError } from '@sdp/shared/errors';
import { type Canonicalizer, canonicalizer } from '@sdp/shared/tokenization';
import type { ColumnConfig, TokenizationConfig } from '../config/index.ts';
import { resolveColumns } from '../csv/index.ts';

/** A treatment whose namespace, if its method has one, is settled. */
type Settled<C> = C extends ColumnConfig
  ? 'namespace' extends keyof C
    ? Omit<C, 'namespace'> & { readonly namespace: string }
    : C
  : never;

/** What is done to one column of the file at hand. */
export type ColumnRule = Settled<ColumnConfig> & {
  readonly name: string;
  /** 0-based, in the input. */
  readonly index: number;
};

/** Where the rule's tokens live or its keys come from; `undefined` for methods that have neither. */
export function namespaceOf(rule: ColumnRule): string | undefined {
  return 'namespace' in rule ? rule.namespace : undefined;
}

/** The form by which a column's values are compared; `undefined` where they are compared as they are. */
export function canonicalOf(rule: ColumnRule): Canonicalizer | undefined {
  if (!('canonical' in rule) || rule.canonical === undefined || rule.canonical.length === 0) return undefined;
  return canonicalizer({ steps: rule.canonical, ...(rule.region === undefined ? {} : { region: rule.region }) });
}

/** A rule for every column of a header, in its order. */
export type ColumnPlan = (header: readonly string[]) => readonly ColumnRule[];

/** Where a column's tokens live unless a configuration says otherwise. */
export function defaultNamespace(sourceTable: string, column: string): string {
  return `${sourceTable}.${column}`;
}

/**
 * Treats every column as the configuration says.
 *
 * @throws {InputError} from the plan: `csv-column-unknown`, `csv-column-ambiguous`, `column-unconfigured` (also where no
 *   column would stay)
 */
export function planConfiguredColumns(config: TokenizationConfig): ColumnPlan {
  return (header) => {
    resolveColumns(header, [...config.columns.keys()]);
    if (config.keyColumn !== undefined) resolveColumns(header, [config.keyColumn]);
    const entities = [...config.columns.values()].flatMap((column) => ('entity' in column ? [column.entity] : []));
    resolveColumns(header, [...new Set(entities)]);
    const unconfigured = header.flatMap((name, index) => (config.columns.has(name) ? [] : [{ name, index }]));
    if (unconfigured.length > 0 && config.default === 'error') {
      const findings: Finding[] = unconfigured.map(({ name, index }) => ({
        message: `column ${index + 1} of the file has no method`,
        ...(name === '' ? {} : { field: name }),
      }));
      throw new InputError('column-unconfigured', { details: { findings, count: findings.length } });
    }
    const rest = config.default === 'drop' ? 'drop' : 'keep';
    const rules = header.map((name, index): ColumnRule => {
      const column = config.columns.get(name);
      if (!column) return { name, index, method: rest };
      return { name, index, ...settled(column, name, config) };
    });
    if (rules.every(({ method }) => method === 'drop')) {
      throw new InputError('column-unconfigured', {
        message: 'The configuration drops every column of the file',
        remedy: 'Give at least one column of it a method other than drop.',
      });
    }
    return rules;
  };
}

function settled(column: ColumnConfig, name: string, config: TokenizationConfig): Settled<ColumnConfig> {
  switch (column.method) {
    case 'redact':
    case 'mask':
    case 'bucket':
    case 'keep':
    case 'drop':
      return column;
    case 'date-shift': {
      // The shift belongs to the entity, so that all dates of an entity move together, in other columns and tables too.
      const entity = config.columns.get(column.entity);
      const own = entity !== undefined && 'namespace' in entity ? entity.namespace : undefined;
      return { ...column, namespace: column.namespace ?? own ?? defaultNamespace(config.sourceTable, column.entity) };
    }
    default:
      return { ...column, namespace: column.namespace ?? defaultNamespace(config.sourceTable, name) };
  }
}
