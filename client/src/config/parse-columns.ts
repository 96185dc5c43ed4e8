import { isMap, isScalar } from 'yaml';
import { type ColumnConfig, type ConfigMethod, configMethods } from './tokenization-config.ts';
import { type ConfigSource, choiceOf, type Entry, entriesOf, nameOf, unknownKey } from './yaml-entries.ts';

const knownKeys = ['method', 'namespace', 'keep_first', 'keep_last'] as const;

/** Which methods an option belongs to. */
const optionMethods: Readonly<Record<string, readonly ConfigMethod[]>> = {
  namespace: ['token', 'hash'],
  keep_first: ['mask'],
  keep_last: ['mask'],
};

/** Reads the map from column names to their treatment; adds findings for all that is wrong in it. */
export function parseColumns(entry: Entry | undefined, source: ConfigSource): ReadonlyMap<string, ColumnConfig> {
  const columns = new Map<string, ColumnConfig>();
  if (!entry) return columns;
  const { findings } = source;
  if (!isMap(entry.value) || entry.value.items.length === 0) {
    findings.add(entry.value ?? entry.key, 'must map at least one column name to its method', 'columns');
    return columns;
  }
  for (const column of entriesOf(entry.value, source)) {
    const config = parseColumn(column, source);
    if (config) columns.set(column.name, config);
  }
  const allDropped = columns.size > 0 && [...columns.values()].every(({ method }) => method === 'drop');
  if (allDropped) findings.add(entry.value, 'at least one column must stay', 'columns');
  return columns;
}

function parseColumn(column: Entry, source: ConfigSource): ColumnConfig | undefined {
  const { findings } = source;
  const field = (key: string) => `columns.${column.name}.${key}`;
  // The short form: `email: token`.
  if (!isMap(column.value)) {
    const method = choiceOf({ ...column, name: `columns.${column.name}` }, configMethods, source);
    return method && ({ method } as ColumnConfig);
  }
  const entries = new Map<string, Entry>();
  for (const entry of entriesOf(column.value, source)) {
    if ((knownKeys as readonly string[]).includes(entry.name))
      entries.set(entry.name, { ...entry, name: field(entry.name) });
    else findings.add(entry.key, unknownKey(entry.name, knownKeys), `columns.${column.name}`);
  }
  if (!entries.has('method')) findings.add(column.key, 'method is missing', `columns.${column.name}`);
  const method = choiceOf(entries.get('method'), configMethods, source);
  for (const [key, methods] of Object.entries(optionMethods)) {
    const entry = entries.get(key);
    if (entry && method && !methods.includes(method)) {
      findings.add(entry.key, `belongs to the method ${methods.join(' or ')}, not to ${method}`, field(key));
    }
  }
  const namespace = nameOf(entries.get('namespace'), source);
  const keepFirst = countOf(entries.get('keep_first'), source);
  const keepLast = countOf(entries.get('keep_last'), source);
  return (
    method &&
    ({
      method,
      ...(namespace === undefined ? {} : { namespace }),
      ...(keepFirst === undefined ? {} : { keepFirst }),
      ...(keepLast === undefined ? {} : { keepLast }),
    } as ColumnConfig)
  );
}

function countOf(entry: Entry | undefined, { findings }: ConfigSource): number | undefined {
  if (!entry) return undefined;
  const value = isScalar(entry.value) ? entry.value.value : undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 1_000) return value;
  findings.add(entry.value ?? entry.key, 'must be a whole number from 0 to 1000', entry.name);
  return undefined;
}
