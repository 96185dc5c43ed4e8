import {
  batchRulesSchema,
  columnsOfRules,
  type ProcessingType,
  paramsSchemas,
  processingTypes,
} from '@sdp/shared/contracts';
import { UsageError } from '@sdp/shared/errors';
import { readRulesFile } from './rules-file.ts';

const lists = new Set(['quasi_identifiers', 'sensitive', 'columns', 'exclude']);

/** @throws {UsageError} `usage-invalid` */
export function parseProcessingType(text: string): ProcessingType {
  const type = processingTypes.find((name) => name === text);
  if (type !== undefined) return type;
  throw new UsageError('usage-invalid', {
    message: '--processing-type names nothing that SDP does',
    remedy: `It is one of ${processingTypes.join(', ')}.`,
  });
}

/**
 * Parses `--param NAME=VALUE` for a processing type: numbers as numbers, lists split at commas (or as a JSON array, for
 * names that hold commas), maps as JSON objects. Rules stand in a file: `rules=@FILE`.
 *
 * @param pathOf where a file is that an option names
 * @throws {UsageError} `usage-invalid` listing every parameter that is missing, unknown or wrong
 * @throws {ConfigError} `config-unreadable`, `config-invalid` for a file of rules, with lines
 */
export async function parseParams(
  type: ProcessingType,
  options: readonly string[],
  pathOf: (file: string) => string = (file) => file,
): Promise<Record<string, unknown>> {
  const params: Record<string, unknown> = {};
  for (const option of options) {
    const at = option.indexOf('=');
    if (at <= 0) {
      throw new UsageError('usage-invalid', {
        message: 'A --param option is not of the form NAME=VALUE',
        remedy: 'Write it as --param k=5 or --param quasi_identifiers=age,zip.',
      });
    }
    const name = option.slice(0, at);
    const text = option.slice(at + 1);
    if (name === 'rules' && type === 'anomaly_detection') params[name] = await readRulesFile(pathOf(fileIn(text)));
    else params[name] = lists.has(name) ? parseList(text) : parseScalar(text);
  }
  const parsed = paramsSchemas[type].safeParse(params);
  if (parsed.success) return parsed.data;
  throw new UsageError('usage-invalid', {
    message: `The parameters do not fit ${type}`,
    remedy: parameterHelp[type],
    details: {
      findings: parsed.error.issues.map(({ path, message }) => ({
        message,
        field: `--param ${path.join('.')}`.trim(),
      })),
    },
  });
}

const parameterHelp: Readonly<Record<ProcessingType, string>> = {
  risk_scoring: 'Leave --param out: risk_scoring has no parameters.',
  anonymization:
    'Give --param k=NUMBER and --param quasi_identifiers=COLUMN,COLUMN; sensitive, l, l_model, t, algorithm, objective, suppression_limit and hierarchies may come with them.',
  anomaly_detection:
    'It takes --param columns=COLUMN,COLUMN, exclude=COLUMN,COLUMN, contamination=SHARE or threshold=SCORE, seed=NUMBER, rules=@FILE and time_column=COLUMN, all optional.',
};

function fileIn(text: string): string {
  if (text.startsWith('@') && text.length > 1) return text.slice(1);
  throw new UsageError('usage-invalid', {
    message: '--param rules does not name a file',
    remedy: 'Write it as --param rules=@FILE.',
  });
}

function parseList(text: string): unknown {
  return text.startsWith('[') ? parseJson(text) : text.split(',').map((name) => name.trim());
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function parseScalar(text: string): unknown {
  if (text.startsWith('{')) return parseJson(text);
  return /^-?\d{1,15}(?:\.\d{1,15})?$/.test(text) ? Number(text) : text;
}

/** Columns that the parameters name. */
export function columnsInParams(params: Readonly<Record<string, unknown>>): string[] {
  const listed = Object.entries(params).flatMap(([name, value]) => (lists.has(name) ? (value as string[]) : []));
  const timeColumn = params['time_column'];
  const rules = batchRulesSchema.safeParse(params['rules']);
  return [
    ...listed,
    ...(typeof timeColumn === 'string' ? [timeColumn] : []),
    ...(rules.success ? columnsOfRules(rules.data.filter(({ enabled }) => enabled)) : []),
  ];
}
