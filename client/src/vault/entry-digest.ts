import { canonicalizerById, type KeyedHash } from '@sdp/shared/tokenization';
import type { Keyring } from './keyring.ts';
import { randomTail } from './random-tokenizer.ts';
import type { NamespaceState } from './state.ts';
import { SurrogateDigests } from './surrogates.ts';

/** Token and tail (40 hex digits or more) under which a value must be stored, given the token that it is sealed with. */
export type EntryDigest = (value: string, tokenHex: () => string) => string;

/** @param digestOf the digest whose first bytes are a value's token */
export function entryDigest(
  { name, kind, canonical }: Pick<NamespaceState, 'name' | 'kind' | 'canonical'>,
  keys: Pick<Keyring, 'hash'>,
  digestOf: (namespace: string) => KeyedHash,
): EntryDigest {
  // A random token follows from nothing: that it is the value's is what the seal around both says.
  if (kind === 'random') return (_, tokenHex) => tokenHex() + randomTail;
  const form = canonical === '' ? (value: string) => value : canonicalizerById(canonical).apply;
  if (kind === 'surrogate') {
    const digests = new SurrogateDigests(keys, name);
    return (value, tokenHex) => tokenHex() + digests.tailOf(form(value));
  }
  const digest = digestOf(name);
  return (value) => digest(form(value));
}

/** Whether a canonical form rests on rules that a newer version of a library may see otherwise: telephone numbers. */
export function mayChange({ canonical }: Pick<NamespaceState, 'canonical'>): boolean {
  return canonical.includes('phone');
}
