import { nearestName, UsageError } from '@sdp/shared/errors';
import { Document, LineCounter } from 'yaml';
import { ConfigFindings } from './config-findings.ts';
import { parseRoot } from './parse-config.ts';
import { configMethods, type TokenizationConfig } from './tokenization-config.ts';

/** What the command line says of columns. */
export interface ColumnFlags {
  readonly sourceTable: string;
  readonly keyColumn?: string | undefined;
  /** Columns to tokenize. */
  readonly columns?: readonly string[] | undefined;
  /** `COLUMN=METHOD` or `COLUMN=METHOD,OPTION=VALUE,…`. */
  readonly methods?: readonly string[] | undefined;
  readonly nullMarkers?: readonly string[] | undefined;
  readonly region?: string | undefined;
  readonly strict?: boolean | undefined;
}

// The column is taken as short as what follows allows: names may hold `=` and commas, methods and options don't.
const methodFlag = new RegExp(
  `^(?<column>[^]*?)=(?<method>${configMethods.join('|')})(?<options>(?:,[a-z_]+=[^,]*)*)$`,
);

/**
 * The configuration that flags stand for; all columns that they don't name are kept. Options are those of the YAML file
 * and checked alike; a list has `+` between its items.
 *
 * @throws {UsageError} `usage-invalid` with every finding
 */
export function configFromFlags(flags: ColumnFlags): TokenizationConfig {
  const { columns: named = [], methods = [], nullMarkers = [] } = flags;
  const columns = new Map<string, unknown>(named.map((name) => [name, 'token']));
  for (const text of methods) {
    const { column, method, options = '' } = methodFlag.exec(text)?.groups ?? {};
    if (column === undefined || method === undefined) throw unreadableMethod(text);
    if (columns.has(column)) {
      throw new UsageError('usage-invalid', {
        message: 'A column is given two methods',
        remedy: 'Name each column once, with --column or --method.',
        details: { findings: [{ message: 'is named by two options', field: column }] },
      });
    }
    columns.set(column, new Map<string, unknown>([['method', method], ...optionsIn(options)]));
  }
  if (columns.size === 0) {
    throw new UsageError('usage-invalid', {
      message: 'No column is named',
      remedy: 'Name columns to tokenize with --column, or give one another method with --method COLUMN=METHOD.',
    });
  }
  const root = new Map<string, unknown>([
    ['source_table', flags.sourceTable],
    ['default', 'keep'],
    ['strict', flags.strict ?? false],
    ['columns', columns],
  ]);
  if (flags.keyColumn !== undefined) root.set('key_column', flags.keyColumn);
  if (nullMarkers.length > 0) root.set('null_markers', nullMarkers);
  if (flags.region !== undefined) root.set('region', flags.region);
  const document = new Document(root);
  const findings = new ConfigFindings(new LineCounter());
  const config = parseRoot({ document, findings });
  if (config !== undefined && findings.all.length === 0) return config;
  throw new UsageError('usage-invalid', {
    message: 'The methods of the columns are not valid',
    remedy: 'Correct every option listed; docs/tokenization.md has the options of each method.',
    details: { findings: findings.all.map(({ message, field }) => ({ message, field: field ?? '' })) },
  });
}

/** Says which part of a `--method` isn't understood. */
function unreadableMethod(text: string): UsageError {
  const at = text.indexOf('=');
  const word = text.slice(at + 1).split(',', 1)[0] ?? '';
  const nearest = nearestName(word, configMethods);
  const isOther = at > 0 && !(configMethods as readonly string[]).includes(word);
  const message = `no such method${nearest === undefined ? '' : `; did you mean ${nearest}?`}`;
  return new UsageError('usage-invalid', {
    message: 'A --method option is not of the form COLUMN=METHOD or COLUMN=METHOD,OPTION=VALUE',
    remedy: `METHOD is one of ${configMethods.join(', ')}; an example is --method card=mask,keep_last=4.`,
    ...(isOther ? { details: { findings: [{ message, field: text.slice(0, at) }] } } : {}),
  });
}

function optionsIn(text: string): [string, unknown][] {
  return text
    .split(',')
    .slice(1)
    .map((option) => {
      const at = option.indexOf('=');
      return [option.slice(0, at), scalarOf(option.slice(0, at), option.slice(at + 1))];
    });
}

function scalarOf(name: string, text: string): unknown {
  if (name === 'alphabet' && text.startsWith('custom:')) return new Map([['custom', text.slice('custom:'.length)]]);
  if (['canonical', 'kinds', 'bounds', 'null_markers'].includes(name)) {
    return text.split('+').map((item) => (name === 'bounds' ? Number(item) : item));
  }
  if (text === 'true' || text === 'false') return text === 'true';
  // A namespace or column called 1 is a text.
  return /^\d+(?:\.\d+)?$/.test(text) && !['namespace', 'entity'].includes(name) ? Number(text) : text;
}
