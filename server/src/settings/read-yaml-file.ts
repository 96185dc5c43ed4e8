import { readFileSync } from 'node:fs';
import { ConfigError, type Finding } from '@sdp/shared/errors';
import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import type { z } from 'zod';

/**
 * Reads a configuration file in YAML and checks it. Parsers' messages quote the file, so only the place is passed on.
 *
 * @param omitted parts of a schema's paths that the file does not have
 * @throws {ConfigError} `config-unreadable`; `config-invalid` with every field that is wrong
 */
export function readYamlFile<S extends z.ZodType>(
  path: string,
  schema: S,
  omitted: readonly string[] = [],
): z.output<S> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw unreadable(path);
  }
  return parseYaml(path, text, schema, omitted);
}

/**
 * Checks what was read from a configuration file.
 *
 * @param path for messages
 * @throws {ConfigError} `config-invalid` with every field that is wrong, its line and its column
 */
export function parseYaml<S extends z.ZodType>(
  path: string,
  text: string,
  schema: S,
  omitted: readonly string[] = [],
): z.output<S> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: false, version: '1.2' });
  const at = (offset: number, message: string): Finding => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col, message };
  };
  // One mistake may be several to the parser.
  const broken = new Set([...document.errors, ...document.warnings].map(({ pos }) => pos[0]));
  if (broken.size > 0)
    throw invalid(
      path,
      [...broken].map((offset) => at(offset, 'is not well-formed YAML')),
    );
  const aliases: Finding[] = [];
  visit(document, {
    Alias: (_, { range }) => void aliases.push(at(range?.[0] ?? 0, 'must be written out: aliases are not taken')),
  });
  if (aliases.length > 0) throw invalid(path, aliases);
  const parsed = schema.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  const toFinding = (issue: z.core.$ZodIssue): Finding => {
    const field = issue.path.map(String).filter((part) => !omitted.includes(part));
    const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
    const place = placeOf(document, lines, field, unknown);
    return { field: field.join('.'), message: issue.message, ...place };
  };
  throw invalid(path, parsed.error.issues.map(toFinding));
}

/** Where a field stands in a file that was found to be valid. */
export function placeInYaml(
  text: string,
  field: readonly string[],
): { readonly line?: number; readonly column?: number } {
  const lines = new LineCounter();
  return placeOf(parseDocument(text, { lineCounter: lines }), lines, field, undefined) ?? {};
}

/**
 * Of the innermost part of the place that is there: what is missing has no line of its own.
 *
 * @param unknown a name in that part that should not be there
 */
function placeOf(
  document: Document,
  lines: LineCounter,
  field: readonly string[],
  unknown: string | undefined,
): { readonly line: number; readonly column: number } | undefined {
  for (let depth = field.length; depth >= 0; depth--) {
    const path = field.slice(0, depth).map((part) => (/^\d+$/.test(part) ? Number(part) : part));
    const node = depth === 0 ? document.contents : document.getIn(path, true);
    if (!isNode(node) || !node.range) continue;
    const keys = isMap(node) ? node.items.map(({ key }) => key) : [];
    const key = keys.find((each) => isScalar(each) && each.value === unknown);
    const { line, col } = lines.linePos((isScalar(key) ? key.range?.[0] : undefined) ?? node.range[0]);
    return { line, column: col };
  }
  return undefined;
}

/** Names the file: whoever starts a server has often named none. */
export function unreadable(file: string): ConfigError {
  return new ConfigError('config-unreadable', {
    message: `The configuration file ${file} cannot be read`,
    details: { file },
  });
}

function invalid(file: string, findings: readonly Finding[]): ConfigError {
  const places = findings.map(({ line, field, message }) =>
    [line === undefined ? '' : `line ${line}: `, field === undefined ? '' : `${field} `, message].join(''),
  );
  return new ConfigError('config-invalid', {
    message: `The configuration has ${findings.length === 1 ? 'an error' : `${findings.length} errors`}: ${places.join('; ')}`,
    details: { file, findings, count: findings.length },
  });
}
