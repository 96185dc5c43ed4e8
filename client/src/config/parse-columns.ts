import { nearestName } from '@sdp/shared/errors';
import { isMap } from 'yaml';
import { optionReaders } from './column-option-readers.ts';
import { type ColumnConfig, type ConfigMethod, configMethods } from './tokenization-config.ts';
import { type ConfigSource, choiceOf, type Entry, entriesOf } from './yaml-entries.ts';

const knownKeys = ['method', ...Object.keys(optionReaders)];

/** What holds for all columns that don't say otherwise. */
export interface ColumnDefaults {
  readonly nullMarkers?: readonly string[];
  readonly region?: string;
}

/** A column's treatment and where it stands in the file, for what is found out about it later. */
export interface ParsedColumn {
  readonly entry: Entry;
  readonly config: ColumnConfig;
}

/** Reads the map from column names to their treatment; adds findings for all that is wrong in it. */
export function parseColumns(
  entry: Entry | undefined,
  defaults: ColumnDefaults,
  source: ConfigSource,
): ReadonlyMap<string, ParsedColumn> {
  const columns = new Map<string, ParsedColumn>();
  if (!entry) return columns;
  const { findings } = source;
  if (!isMap(entry.value) || entry.value.items.length === 0) {
    findings.add(entry.value ?? entry.key, 'must map at least one column name to its method', 'columns');
    return columns;
  }
  for (const column of entriesOf(entry.value, source)) {
    const config = parseColumn(column, defaults, source);
    if (config) columns.set(column.name, { entry: column, config });
  }
  return columns;
}

function parseColumn(column: Entry, defaults: ColumnDefaults, source: ConfigSource): ColumnConfig | undefined {
  const { findings } = source;
  const place = `columns.${column.name}`;
  // The short form: `email: token`.
  const long = isMap(column.value) ? column.value : undefined;
  const entries = new Map<string, Entry>();
  const unknown: Entry[] = [];
  for (const entry of long === undefined ? [] : entriesOf(long, source)) {
    if (knownKeys.includes(entry.name)) entries.set(entry.name, { ...entry, name: `${place}.${entry.name}` });
    else unknown.push(entry);
  }
  if (long !== undefined && !entries.has('method')) findings.add(column.key, 'method is missing', place);
  const method = choiceOf(
    long === undefined ? { ...column, name: place } : entries.get('method'),
    configMethods,
    source,
  );
  for (const entry of unknown) findings.add(entry.key, unknownOption(entry.name, method), place);
  const options: Record<string, unknown> = {};
  for (const [key, { methods, property, read }] of Object.entries(optionReaders)) {
    const entry = entries.get(key);
    if (entry === undefined) {
      const inherited = defaults[property as keyof ColumnDefaults];
      if (inherited !== undefined && method !== undefined && methods.includes(method)) options[property] = inherited;
      continue;
    }
    if (method !== undefined && !methods.includes(method)) {
      findings.add(entry.key, `belongs to ${methodList(methods)}, not to ${method}`, entry.name);
      continue;
    }
    const value = read(entry, source);
    if (value !== undefined) options[property] = value;
  }
  // The readers have checked each option and that it belongs to the method.
  return method && ({ method, ...options } as unknown as ColumnConfig);
}

function unknownOption(name: string, method: ConfigMethod | undefined): string {
  const nearest = nearestName(name, knownKeys);
  if (nearest !== undefined) return `unknown option; did you mean ${nearest}?`;
  const own = Object.entries(optionReaders).filter(([, { methods }]) => method && methods.includes(method));
  if (own.length === 0) return method === undefined ? 'unknown option' : `unknown option; ${method} has none`;
  return `unknown option; those of ${method} are ${own.map(([key]) => key).join(', ')}`;
}

function methodList(methods: readonly string[]): string {
  const [last, ...rest] = methods.toReversed();
  return rest.length === 0 ? `the method ${last}` : `the methods ${rest.toReversed().join(', ')} or ${last}`;
}
