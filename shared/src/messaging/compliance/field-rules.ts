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
  const findings: Finding[] = [];
  for (const { field, path, rule } of compiledRules(rules)) {
    if (!areKept(payload, path, 0, isKept[rule])) findings.push({ field, message: complaint[rule] });
  }
  return findings;
}

interface CompiledRule {
  readonly field: string;
  readonly path: readonly string[];
  readonly rule: FieldRule;
}

const compiled = new WeakMap<FieldRules, readonly CompiledRule[]>();

/** Rules taken apart once: they are held against each message. */
export function compiledRules(rules: FieldRules): readonly CompiledRule[] {
  let known = compiled.get(rules);
  if (known === undefined) {
    known = Object.entries(rules).map(([field, rule]) => ({ field, path: field.split('.'), rule }));
    compiled.set(rules, known);
  }
  return known;
}

/** A copy for logs in which every field that a rule speaks of is `[REDACTED]`. */
export function maskFields(rules: FieldRules, payload: unknown): unknown {
  return Object.keys(rules).reduce((masked, path) => maskAt(masked, path.split('.')), payload);
}

/** A name that isn't there breaks no rule: the contract says what is required. */
function areKept(value: unknown, path: readonly string[], at: number, isFit: (value: unknown) => boolean): boolean {
  const name = path[at];
  if (name === undefined) return value === undefined || isFit(value);
  if (typeof value !== 'object' || value === null) return true;
  if (name === '*') return Object.values(value).every((part) => areKept(part, path, at + 1, isFit));
  return !Object.hasOwn(value, name) || areKept(Reflect.get(value, name), path, at + 1, isFit);
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
