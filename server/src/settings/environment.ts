import { readFileSync } from 'node:fs';
import { z } from 'zod';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Names that earlier documents use. They work and are reported once, at start. */
const aliases: readonly (readonly [old: string, present: string])[] = [
  ['ENVIRONMENT', 'SDP_ENV'],
  ['KAFKA_BOOTSTRAP_SERVERS', 'KAFKA_BROKERS'],
  ['KAFKA_SERVER_1', 'KAFKA_BROKERS'],
];
const environmentNames: Readonly<Record<string, string>> = { development: 'dev', prod: 'production' };

export interface ReadEnvironment {
  /** Only what is set; an empty variable counts as unset. */
  readonly values: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
  readonly findings: readonly { readonly field: string; readonly message: string }[];
}

/** Brings the environment to one form: aliases under their present names, `<NAME>_FILE` secrets read. */
export function readEnvironment(environment: Environment): ReadEnvironment {
  const values: Record<string, string> = {};
  const warnings: string[] = [];
  const findings: { field: string; message: string }[] = [];
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && value.trim() !== '') values[name] = value.trim();
  }
  for (const [old, present] of aliases) {
    const value = values[old];
    if (value === undefined || values[present] !== undefined) continue;
    values[present] = value;
    warnings.push(`${old} is an old name; use ${present}.`);
  }
  const environmentName = values['SDP_ENV'];
  if (environmentName !== undefined) values['SDP_ENV'] = environmentNames[environmentName] ?? environmentName;
  if (values['DB_DSN'] === undefined && values['POSTGRES_HOST'] !== undefined) {
    values['DB_DSN'] = dsnOfParts(values);
    warnings.push('POSTGRES_HOST, _PORT, _DB, _USER and _PASSWORD are old names; use DB_DSN.');
  }
  for (const name of secretNames) {
    const file = values[`${name}_FILE`];
    if (file === undefined) continue;
    if (values[name] !== undefined) {
      findings.push({ field: name, message: `is set twice: here and by ${name}_FILE` });
      continue;
    }
    try {
      values[name] = readFileSync(file, 'utf8').trim();
    } catch {
      findings.push({ field: `${name}_FILE`, message: 'names a file that cannot be read' });
    }
  }
  return { values, warnings, findings };
}

/** Secrets that may stand in a file instead. */
const secretNames = [
  'SDP_CRYPTO_KEY',
  'SDP_API_KEY',
  'DB_DSN',
  'KAFKA_PASSWORD',
  'KAFKA_ENCRYPTION_KEY',
  'KAFKA_SIGNING_KEY',
  'SDP_MODEL_TRUSTED_KEYS',
  'SDP_OIDC_CLIENT_SECRET',
  'AWS_SECRET_ACCESS_KEY',
] as const;

function dsnOfParts(values: Readonly<Record<string, string>>): string {
  const user = encodeURIComponent(values['POSTGRES_USER'] ?? 'postgres');
  const password = values['POSTGRES_PASSWORD'];
  const credentials = password === undefined ? user : `${user}:${encodeURIComponent(password)}`;
  const port = values['POSTGRES_PORT'] ?? '5432';
  const database = encodeURIComponent(values['POSTGRES_DB'] ?? 'postgres');
  return `postgresql://${credentials}@${values['POSTGRES_HOST']}:${port}/${database}`;
}

/** A whole number within bounds; digits alone, no `1e6`. */
export function wholeNumber(fallback: number, min: number, max: number) {
  return boundedNumber(min, max).default(fallback);
}

/** As {@link wholeNumber}, with nothing in its place where left out. */
export function optionalNumber(min: number, max: number) {
  return boundedNumber(min, max).optional();
}

function boundedNumber(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));
}

export function yesOrNo(fallback: boolean) {
  return z
    .enum(['true', 'false', '1', '0', 'yes', 'no'], { error: 'must be true or false' })
    .transform((text) => ['true', '1', 'yes'].includes(text))
    .default(fallback);
}
