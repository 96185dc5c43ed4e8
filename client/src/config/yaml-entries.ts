import { type Document, isAlias, isScalar, type Node, type YAMLMap } from 'yaml';
import type { ConfigFindings } from './config-findings.ts';
import { nearestName } from './nearest-name.ts';

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
    if (!isScalar(key)) {
      findings.add(key ?? map, 'a name is expected here');
      return [];
    }
    // The text as it stands, so that a column called 2024 or null is that.
    const name = typeof key.value === 'string' ? key.value : (key.source ?? '');
    const value = resolved(pair.value as Node | null, document);
    if (value === undefined) {
      findings.add(pair.value as Node, 'the alias refers to nothing');
      return [];
    }
    return [{ key, name, value }];
  });
}

/** @returns `undefined` where the entry is absent or wrong; in the second case a finding was added */
export function nameOf(entry: Entry | undefined, { findings }: ConfigSource): string | undefined {
  if (!entry) return undefined;
  const { value } = entry;
  const text = isScalar(value) ? (typeof value.value === 'string' ? value.value : (value.source ?? '')) : undefined;
  if (text !== undefined && namePattern.test(text)) return text;
  findings.add(value ?? entry.key, 'must be a text of 1 to 128 characters', entry.name);
  return undefined;
}

/** One of a few words; see {@link nameOf} for `undefined`. */
export function choiceOf<T extends string>(
  entry: Entry | undefined,
  choices: readonly T[],
  { findings }: ConfigSource,
): T | undefined {
  if (!entry) return undefined;
  const { value } = entry;
  const found = isScalar(value) ? choices.find((choice) => choice === value.value) : undefined;
  if (found === undefined) findings.add(value ?? entry.key, `must be one of ${choices.join(', ')}`, entry.name);
  return found;
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
