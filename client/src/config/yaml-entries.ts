import { nearestName } from '@sdp/shared/errors';
import { type Document, isAlias, isScalar, isSeq, type Node, type YAMLMap } from 'yaml';
import type { ConfigFindings } from './config-findings.ts';

const namePattern = /^[^\p{Cc}]{1,128}$/u;

/** A map's entries by the text of their keys. */
export interface Entry {
  readonly key: Node;
  readonly name: string;
  readonly value: Node | null;
}

/** What a parser of a part of the file works with. */
export interface ConfigSource {
  readonly document: Document;
  readonly findings: ConfigFindings;
}

/** The entries of a map whose keys are plain names. */
export function entriesOf(map: YAMLMap, { document, findings }: ConfigSource): Entry[] {
  return map.items.flatMap((pair) => {
    const key = pair.key as Node | null;
    const name = textOf(key);
    if (key === null || name === undefined) {
      findings.add(key ?? map, 'a name is expected here');
      return [];
    }
    const value = resolved(pair.value as Node | null, document);
    if (value === undefined) {
      findings.add(pair.value as Node, 'the alias refers to nothing');
      return [];
    }
    return [{ key, name, value }];
  });
}

/** A scalar's text as it stands in the file, so that something called 2024 or null is that. */
export function textOf(node: Node | null): string | undefined {
  if (!isScalar(node)) return undefined;
  return typeof node.value === 'string' ? node.value : (node.source ?? (node.value === null ? '' : String(node.value)));
}

/** @returns `undefined` where the entry is absent or wrong; in the second case a finding was added */
export function nameOf(entry: Entry | undefined, { findings }: ConfigSource): string | undefined {
  if (!entry) return undefined;
  const text = textOf(entry.value);
  if (text !== undefined && namePattern.test(text)) return text;
  findings.add(entry.value ?? entry.key, 'must be a text of 1 to 128 characters', entry.name);
  return undefined;
}

/** One of a few words; see {@link nameOf} for `undefined`. */
export function choiceOf<T extends string>(
  entry: Entry | undefined,
  choices: readonly T[],
  { findings }: ConfigSource,
): T | undefined {
  if (!entry) return undefined;
  const text = textOf(entry.value);
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  const near = text === undefined ? undefined : nearestName(text, choices);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  const known = choices.length > 20 ? `the ${choices.length} known names` : choices.join(', ');
  findings.add(entry.value ?? entry.key, `must be one of ${known}${hint}`, entry.name);
  return undefined;
}

/** `true` or `false`; see {@link nameOf} for `undefined`. */
export function flagOf(entry: Entry | undefined, { findings }: ConfigSource): boolean | undefined {
  if (!entry) return undefined;
  const value = isScalar(entry.value) ? entry.value.value : undefined;
  if (typeof value === 'boolean') return value;
  findings.add(entry.value ?? entry.key, 'must be true or false', entry.name);
  return undefined;
}

/** A whole number within bounds, both included; see {@link nameOf} for `undefined`. */
export function wholeNumberOf(
  entry: Entry | undefined,
  [least, most]: readonly [number, number],
  { findings }: ConfigSource,
): number | undefined {
  if (!entry) return undefined;
  const value = isScalar(entry.value) ? entry.value.value : undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  findings.add(entry.value ?? entry.key, `must be a whole number from ${least} to ${most}`, entry.name);
  return undefined;
}

/** The nodes of a list, or the one node that stands in its place. */
export function itemsOf({ value }: Entry, { document }: ConfigSource): readonly (Node | null)[] {
  return isSeq(value) ? value.items.map((item) => resolved(item as Node | null, document) ?? null) : [value];
}

/** Names the nearest known key, and the unknown one: it is a word of the configuration's own language, not data. */
export function unknownKey(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? `unknown key; known are ${known.join(', ')}` : `unknown key; did you mean ${nearest}?`;
}

/** @returns `undefined` for an alias of nothing */
function resolved(node: Node | null, document: Document): Node | null | undefined {
  return isAlias(node) ? node.resolve(document) : node;
}
