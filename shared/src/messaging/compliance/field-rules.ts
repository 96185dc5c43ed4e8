import type { Finding } from '../../errors/index.ts';
import type { FieldRule } from './topic-policy.ts';

export type FieldRules = Readonly<Record<string, FieldRule>>;

// As the tokenization makes them; messaging doesn't import it, a test holds the two together.
const tokenPattern = /^(tok|hsh)_[0-9a-f]{32}$/;
const maskedPattern = /^(\*{4,}.{0,4}|\[REDACTED\])$/su;

const isKept: Readonly<Record<FieldRule, (value: unknown) => boolean>> = {
  token: (value) => value === null || (typeof value === 'string' && tokenPattern.test(value)),
  masked: (value) => value === null || (typeof value === 'string' && maskedPattern.test(value)),
  absent: (value) => value === undefined,
};
const complaint: Readonly<Record<FieldRule, string>> = {
  token: 'must be a token',
  masked: 'must be masked',
  absent: 'must not be there',
};

/** What of a payload breaks a rule, by the rule's own path: a path of the payload could hold somebody's data. */
export function fieldFindings(rules: FieldRules, payload: unknown): Finding[] {
  return Object.entries(rules)
    .filter(([path, rule]) => valuesAt(payload, path.split('.')).some((value) => !isKept[rule](value)))
    .map(([field, rule]) => ({ field, message: complaint[rule] }));
}

/** A copy for logs in which every field that a rule speaks of is `[REDACTED]`. */
export function maskFields(rules: FieldRules, payload: unknown): unknown {
  return Object.keys(rules).reduce((masked, path) => maskAt(masked, path.split('.')), payload);
}

/** A name that isn't there gives nothing, which breaks no rule: the contract says what is required. */
function valuesAt(value: unknown, path: readonly string[]): unknown[] {
  const [name, ...rest] = path;
  if (name === undefined) return value === undefined ? [] : [value];
  if (typeof value !== 'object' || value === null) return [];
  const parts = name === '*' ? Object.values(value) : Object.hasOwn(value, name) ? [Reflect.get(value, name)] : [];
  return parts.flatMap((part) => valuesAt(part, rest));
}

function maskAt(value: unknown, path: readonly string[]): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return '[REDACTED]';
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return name === '*' ? value.map((part) => maskAt(part, rest)) : value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, name === '*' || name === key ? maskAt(part, rest) : part]),
  );
}
