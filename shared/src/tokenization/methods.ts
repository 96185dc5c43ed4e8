import type { KeyedHash } from './keyed-hash.ts';
import { type HashToken, hashTokenFromDigest, redactedText, type Token, tokenFromDigest } from './token.ts';

/**
 * Value in, replacement out. An empty value stays empty under every method: that a cell is empty is part of the
 * table's shape, and a token for it would only be one that everybody can guess.
 */
export type Method<Out extends string = string> = (value: string) => Out | '';

/** Reversible through a vault, equal for equal values: the first 128 bits of the keyed hash. */
export function tokenMethod(hash: KeyedHash): Method<Token> {
  return (value) => (value === '' ? '' : tokenFromDigest(hash(value)));
}

/**
 * Reversible through a vault, another one at every call: equal values can't be told from different ones.
 *
 * @param randomHex at least 32 hex digits of fresh randomness
 */
export function randomMethod(randomHex: () => string): Method<Token> {
  return (value) => (value === '' ? '' : tokenFromDigest(randomHex()));
}

/** Irreversible, equal for equal values. Give it a hash under another key or domain than {@link tokenMethod}'s. */
export function hashMethod(hash: KeyedHash): Method<HashToken> {
  return (value) => (value === '' ? '' : hashTokenFromDigest(hash(value)));
}

/** The same text for every value. */
export function redactMethod(): Method {
  return (value) => (value === '' ? '' : redactedText);
}

/** The value itself. */
export function keepMethod(): Method {
  return (value) => value;
}
