import { canonicalizer } from '@sdp/shared/tokenization';
import type { ParsedColumn } from './parse-columns.ts';
import type { ColumnConfig, DefaultTreatment } from './tokenization-config.ts';
import type { ConfigSource } from './yaml-entries.ts';

/** What the checks need to know beside the columns. */
export interface ColumnSurroundings {
  readonly sourceTable: string;
  readonly default: DefaultTreatment;
}

/** Adds a finding for each column whose options don't fit each other, its method or the other columns. */
export function checkColumns(
  columns: ReadonlyMap<string, ParsedColumn>,
  surroundings: ColumnSurroundings,
  source: ConfigSource,
): void {
  for (const [name, column] of columns) {
    const message = ownProblem(column.config) ?? entityProblem(column.config, columns, surroundings);
    if (message !== undefined) source.findings.add(column.entry.key, message, `columns.${name}`);
  }
  checkNamespaces(columns, surroundings, source);
}

function ownProblem(column: ColumnConfig): string | undefined {
  switch (column.method) {
    case 'token':
    case 'hash':
    case 'email':
      return canonicalProblem(column.canonical ?? [], column.region);
    case 'card':
      return column.keepFirst === undefined || column.keepFirst === 6
        ? undefined
        : 'keep_first of the method card can only be 6; mask keeps other parts of a card number';
    case 'bucket': {
      const ways = [column.size, column.bounds, column.unit, column.keepFirst].filter((way) => way !== undefined);
      if (ways.length !== 1) return 'bucket needs exactly one of size, bounds, unit and keep_first';
      if (column.onInvalid === 'token') return 'bucket cannot be reversed: on_invalid can only be error or redact';
      if (column.dateOrder !== undefined && column.unit === undefined) return 'date_order belongs to unit';
      const isNumeric = column.size !== undefined || column.bounds !== undefined;
      return column.decimalComma !== undefined && !isNumeric ? 'decimal_comma belongs to size or bounds' : undefined;
    }
    case 'date-shift':
      return column.entity === undefined ? 'entity is missing: the column whose value decides the shift' : undefined;
    default:
      return undefined;
  }
}

function canonicalProblem(steps: NonNullable<Parameters<typeof canonicalizer>[0]['steps']>, region?: string) {
  try {
    canonicalizer({ steps, ...(region === undefined ? {} : { region }) });
    return undefined;
  } catch {
    return 'region is no country whose telephone numbers are known';
  }
}

function entityProblem(
  column: ColumnConfig,
  columns: ReadonlyMap<string, ParsedColumn>,
  { default: rest }: ColumnSurroundings,
): string | undefined {
  if (column.method !== 'date-shift' || column.entity === undefined) return undefined;
  const entity = columns.get(column.entity)?.config;
  if (entity?.method === 'date-shift') return 'its entity is shifted itself; name a column that says whose row it is';
  return entity === undefined && rest === 'error' ? 'its entity is no column of this configuration' : undefined;
}

/** How a namespace is used: what the vault keeps in it, and by which form values are compared. */
function usageOf(column: ColumnConfig): string | undefined {
  const tokensOf = (steps: readonly string[] = [], region?: string) => {
    const form = steps.map((step) => (step === 'phone' && region !== undefined ? `phone:${region}` : step)).join('+');
    return form === '' ? 'tokens of values as they are' : `tokens of the canonical form ${form}`;
  };
  switch (column.method) {
    case 'token':
    case 'email':
      return tokensOf(column.canonical, column.region);
    case 'text':
      return tokensOf();
    case 'random':
      return 'random tokens';
    case 'card':
      return column.keepFirst === 6 ? 'card numbers that keep their first six digits' : 'card numbers';
    default:
      return undefined;
  }
}

/** A namespace has one kind of content and one canonical form for life: joins on it would lie otherwise. */
function checkNamespaces(
  columns: ReadonlyMap<string, ParsedColumn>,
  { sourceTable }: ColumnSurroundings,
  { findings }: ConfigSource,
): void {
  const first = new Map<string, { readonly name: string; readonly usage: string; readonly expiresDays: unknown }>();
  for (const [name, { entry, config }] of columns) {
    const usage = usageOf(config);
    if (usage === undefined) continue;
    const namespace = ('namespace' in config ? config.namespace : undefined) ?? `${sourceTable}.${name}`;
    const expiresDays = 'expiresDays' in config ? config.expiresDays : undefined;
    const earlier = first.get(namespace);
    if (earlier === undefined) first.set(namespace, { name, usage, expiresDays });
    else if (earlier.usage !== usage) {
      const message = `shares a namespace with ${earlier.name}, but one holds ${earlier.usage} and the other ${usage}`;
      findings.add(entry.key, message, `columns.${name}`);
    } else if (earlier.expiresDays !== expiresDays) {
      const message = `shares a namespace with ${earlier.name}, but expires at another time`;
      findings.add(entry.key, message, `columns.${name}`);
    }
  }
}
