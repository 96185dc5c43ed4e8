import { type KeyedDigest, keyedDigest } from '@sdp/shared/crypto';
import { InputError } from '@sdp/shared/errors';
import {
  type Canonicalizer,
  type HashToken,
  hashDomain,
  hashTokenFromDigest,
  type KeyedHash,
  type Token,
  tokenDomain,
  tokenFromDigest,
} from '@sdp/shared/tokenization';
import type { Keyring } from './keyring.ts';

/**
 * Replaced in tests alone, to force what nature doesn't give: two values with one token. Takes the real digest function
 * of a namespace and returns the one to use.
 */
export type DigestOverride = (namespace: string, digest: KeyedHash) => KeyedHash;

/** The digest functions of an open vault, one a namespace, as 64 hex digits. */
export class TokenDigests {
  readonly #keys: Pick<Keyring, 'token' | 'hash'>;
  readonly #override: DigestOverride | undefined;
  readonly #made = new Map<string, KeyedHash>();

  constructor(keys: Pick<Keyring, 'token' | 'hash'>, override?: DigestOverride) {
    this.#keys = keys;
    this.#override = override;
  }

  /** The digest whose first 128 bits are the token. @throws {InputError} from the function: `csv-encoding` */
  of(namespace: string): KeyedHash {
    const known = this.#made.get(namespace);
    if (known !== undefined) return known;
    const real = wellFormedOnly(keyedDigest(this.#keys.token, ...tokenDomain(namespace)));
    const made = this.#override?.(namespace, real) ?? real;
    this.#made.set(namespace, made);
    return made;
  }

  /** {@link of} over a canonical form. */
  canonical(namespace: string, canonical: Canonicalizer): KeyedHash {
    const digest = this.of(namespace);
    return canonical.id === '' ? digest : (value) => digest(canonical.apply(value));
  }

  tokenOf(namespace: string, canonical?: Canonicalizer): (value: string) => Token {
    const digest = canonical === undefined ? this.of(namespace) : this.canonical(namespace, canonical);
    return (value) => (value === '' ? emptyToken : tokenFromDigest(digest(value)));
  }

  hasher(namespace: string): (value: string) => HashToken {
    const digest = wellFormedOnly(keyedDigest(this.#keys.hash, ...hashDomain(namespace)));
    return (value) => (value === '' ? emptyHash : hashTokenFromDigest(digest(value)));
  }
}

/** An empty value stays empty under every method. */
export const emptyToken = '' as Token;
const emptyHash = '' as HashToken;

/** Half a surrogate pair has no UTF-8: it would be stored as U+FFFD and could not come back as it was. */
function wellFormedOnly(digest: KeyedDigest): KeyedHash {
  return (value) => {
    if (!value.isWellFormed()) {
      throw new InputError('csv-encoding', { message: 'A value holds half of a surrogate pair' });
    }
    return digest(value);
  };
}
