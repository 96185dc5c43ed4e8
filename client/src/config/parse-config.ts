import { ConfigError } from '@sdp/shared/errors';
import { isMap, LineCounter, type Node, parseDocument } from 'yaml';
import { checkColumns } from './check-columns.ts';
import { nullMarkersOf, regionOf } from './column-option-readers.ts';
import { ConfigFindings } from './config-findings.ts';
import { parseColumns } from './parse-columns.ts';
import { type ConfigMethod, defaultTreatments, type TokenizationConfig } from './tokenization-config.ts';
import { type ConfigSource, choiceOf, type Entry, entriesOf, flagOf, nameOf, unknownKey } from './yaml-entries.ts';

const knownKeys = ['source_table', 'key_column', 'default', 'strict', 'null_markers', 'region', 'columns'] as const;

/** Methods whose results still tell rows apart, and can be computed from a raw key. */
const keyMethods: readonly ConfigMethod[] = ['token', 'hash', 'email', 'fpe', 'card', 'keep'];

/**
 * Reads a tokenization configuration. Parser messages quote the file, so only their kind and place are passed on.
 *
 * @throws {ConfigError} `config-invalid` with every finding, each with line and column
 */
export function parseConfig(text: string, file?: string): TokenizationConfig {
  return parseDocumentWith(text, file, parseRoot);
}

/**
 * Reads a YAML file by a function that adds findings for what is wrong.
 *
 * @throws {ConfigError} `config-invalid` with all of them
 */
export function parseDocumentWith<T>(
  text: string,
  file: string | undefined,
  read: (source: ConfigSource) => T | undefined,
): T {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: false, version: '1.2' });
  const findings = new ConfigFindings(lines);
  for (const { code, pos, message } of [...document.errors, ...document.warnings]) {
    // The parser calls an unclosed bracket a matter of indentation as well.
    const isUnclosed = code === 'BAD_INDENT' && message.startsWith('Flow ');
    findings.add(pos[0], isUnclosed ? 'a { or [ above is not closed' : syntaxMessage(code));
  }
  const config = findings.all.length === 0 ? read({ document, findings }) : undefined;
  const all = findings.all;
  if (config === undefined || all.length > 0) {
    throw new ConfigError('config-invalid', {
      message: `The configuration has ${all.length === 1 ? 'an error' : `${all.length} errors`}`,
      details: { findings: all, count: all.length, ...(file === undefined ? {} : { file }) },
    });
  }
  return config;
}

/** Reads a configuration's document; `undefined`, or a half-read result, where findings were added. */
export function parseRoot(source: ConfigSource): TokenizationConfig | undefined {
  const { document, findings } = source;
  const root = document.contents;
  if (!isMap(root)) {
    findings.add(root as Node | null, 'the file must be a map with source_table and columns');
    return undefined;
  }
  const entries = new Map<string, Entry>();
  for (const entry of entriesOf(root, source)) {
    if ((knownKeys as readonly string[]).includes(entry.name)) entries.set(entry.name, entry);
    else findings.add(entry.key, unknownKey(entry.name, knownKeys));
  }
  for (const required of ['source_table', 'columns']) {
    if (!entries.has(required)) findings.add(root, `${required} is missing`);
  }
  const sourceTable = nameOf(entries.get('source_table'), source);
  const keyColumn = nameOf(entries.get('key_column'), source);
  const rest = choiceOf(entries.get('default'), defaultTreatments, source) ?? 'error';
  const strict = flagOf(entries.get('strict'), source) ?? false;
  const markersEntry = entries.get('null_markers');
  const nullMarkers = markersEntry === undefined ? undefined : nullMarkersOf(markersEntry, source);
  const regionEntry = entries.get('region');
  const region = regionEntry === undefined ? undefined : regionOf(regionEntry, source);
  const parsed = parseColumns(
    entries.get('columns'),
    { ...(nullMarkers === undefined ? {} : { nullMarkers }), ...(region === undefined ? {} : { region }) },
    source,
  );
  const methods = [...parsed.values()].map(({ config }) => config.method);
  if (rest !== 'keep' && methods.length > 0 && methods.every((method) => method === 'drop')) {
    findings.add(entries.get('columns')?.value, 'at least one column must stay', 'columns');
  }
  checkColumns(parsed, { sourceTable: sourceTable ?? '', default: rest }, source);
  const keyMethod = keyColumn === undefined ? undefined : parsed.get(keyColumn)?.config.method;
  if (keyMethod !== undefined && !keyMethods.includes(keyMethod)) {
    findings.add(
      entries.get('key_column')?.value,
      `the key column must tell rows apart: its method must be one of ${keyMethods.join(', ')}`,
      'key_column',
    );
  }
  return {
    sourceTable: sourceTable ?? '',
    ...(keyColumn === undefined ? {} : { keyColumn }),
    default: rest,
    strict,
    columns: new Map([...parsed].map(([name, { config }]) => [name, config])),
  };
}

/** What a code of the YAML parser means; its own messages quote the file. */
export function syntaxMessage(code: string): string {
  const messages: Record<string, string> = {
    BAD_INDENT: 'the indentation is wrong',
    DUPLICATE_KEY: 'this key stands here a second time',
    MISSING_CHAR: 'a character is missing: a quote, bracket or colon',
    TAB_AS_INDENT: 'tabs cannot indent; use spaces',
    MULTIPLE_DOCS: 'the file holds more than one document',
    MULTILINE_IMPLICIT_KEY: 'a colon or a quote is missing in this line or the one before',
    UNEXPECTED_TOKEN: 'this is not expected here',
    BAD_SCALAR_START: 'a text that begins with this character needs quotes',
    BLOCK_AS_IMPLICIT_KEY: 'a map cannot start within a line; put it on the next one, indented',
  };
  return messages[code] ?? `not valid YAML (${code.toLowerCase().replaceAll('_', ' ')})`;
}
