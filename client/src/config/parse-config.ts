import { ConfigError } from '@sdp/shared/errors';
import { isMap, LineCounter, type Node, parseDocument } from 'yaml';
import { ConfigFindings } from './config-findings.ts';
import { parseColumns } from './parse-columns.ts';
import { type DefaultTreatment, defaultTreatments, type TokenizationConfig } from './tokenization-config.ts';
import { type ConfigSource, choiceOf, type Entry, entriesOf, nameOf, unknownKey } from './yaml-entries.ts';

const knownKeys = ['source_table', 'key_column', 'default', 'columns'] as const;

/**
 * Reads a tokenization configuration. Parser messages quote the file, so only their kind and place are passed on.
 *
 * @throws {ConfigError} `config-invalid` with every finding, each with line and column
 */
export function parseConfig(text: string, file?: string): TokenizationConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: false, version: '1.2' });
  const findings = new ConfigFindings(lines);
  for (const { code, pos } of [...document.errors, ...document.warnings]) findings.add(pos[0], syntaxMessage(code));
  const config = findings.all.length === 0 ? parseRoot({ document, findings }) : undefined;
  const all = findings.all;
  if (config === undefined || all.length > 0) {
    throw new ConfigError('config-invalid', {
      message: `The configuration has ${all.length === 1 ? 'an error' : `${all.length} errors`}`,
      details: { findings: all, count: all.length, ...(file === undefined ? {} : { file }) },
    });
  }
  return config;
}

function parseRoot(source: ConfigSource): TokenizationConfig | undefined {
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
  const treatment = choiceOf(entries.get('default'), defaultTreatments, source) ?? ('error' as DefaultTreatment);
  const columns = parseColumns(entries.get('columns'), source);
  const keyMethod = keyColumn === undefined ? undefined : columns.get(keyColumn)?.method;
  if (keyMethod === 'redact' || keyMethod === 'mask' || keyMethod === 'drop') {
    findings.add(
      entries.get('key_column')?.value,
      'the key column must tell rows apart: its method must be token, hash or keep',
      'key_column',
    );
  }
  return {
    sourceTable: sourceTable ?? '',
    ...(keyColumn === undefined ? {} : { keyColumn }),
    default: treatment,
    strict: false,
    columns,
  };
}

function syntaxMessage(code: string): string {
  const messages: Record<string, string> = {
    BAD_INDENT: 'the indentation is wrong',
    DUPLICATE_KEY: 'this key stands here a second time',
    MISSING_CHAR: 'a character is missing: a quote, bracket or colon',
    TAB_AS_INDENT: 'tabs cannot indent; use spaces',
    MULTIPLE_DOCS: 'the file holds more than one document',
    MULTILINE_IMPLICIT_KEY: 'a colon or a quote is missing in this line or the one before',
    UNEXPECTED_TOKEN: 'this is not expected here',
    BLOCK_AS_IMPLICIT_KEY: 'a map cannot start within a line; put it on the next one, indented',
  };
  return messages[code] ?? `not valid YAML (${code.toLowerCase().replaceAll('_', ' ')})`;
}
