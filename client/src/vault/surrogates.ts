import { deriveKey, type KeyedDigest, keyedDigest } from '@sdp/shared/crypto';
import { InputError, VaultError } from '@sdp/shared/errors';
import type { Database } from './database.ts';
import { TombstoneDigests, Tombstones } from './erasure/tombstones.ts';
import { tailBytes, tokenBytes } from './format.ts';
import type { Keyring } from './keyring.ts';
import type { BatchFollower, NamespaceUse } from './namespace-use.ts';
import type { VaultReader } from './reader.ts';
import { RepetitionCache } from './repetition-cache.ts';
import type { SealingQueue } from './sealing-queue.ts';
import type { NamespaceOptions, SurrogateCandidate } from './vault.ts';

/** With nine of ten candidates taken, a free one is missed so often once in 10^45 values. */
const attemptsMade = 1_000;

/** Under what a surrogate and its value are found in the vault. No change of the vault's tokens changes it. */
export class SurrogateDigests {
  /** Of the surrogate; its first 16 bytes are the token of its row. */
  readonly ofSurrogate: KeyedDigest;
  /** Of the value in canonical form; its first bytes are the tail. */
  readonly ofValue: KeyedDigest;

  constructor(keys: Pick<Keyring, 'hash'>, namespace: string) {
    const key = deriveKey(keys.hash, 'surrogate-v1');
    this.ofSurrogate = keyedDigest(key, 'sdp-surrogate-v1', namespace);
    this.ofValue = keyedDigest(key, 'sdp-surrogate-value-v1', namespace);
  }

  tokenOf(surrogate: string): string {
    return this.ofSurrogate(surrogate).slice(0, tokenBytes * 2);
  }

  tailOf(form: string): string {
    return this.ofValue(form).slice(0, tailBytes * 2);
  }
}

interface WaitingValue {
  readonly value: string;
  readonly form: string;
}

/** Surrogates that were given out and aren't stored yet, of one namespace. */
export class WaitingSurrogates {
  readonly #values = new Map<string, WaitingValue>();

  get(surrogate: string): WaitingValue | undefined {
    return this.#values.get(surrogate);
  }

  add(surrogate: string, value: WaitingValue, batch: BatchFollower | undefined): void {
    this.#values.set(surrogate, value);
    (batch as WaitingBatch).surrogates.push(surrogate);
  }

  follow(): BatchFollower {
    return new WaitingBatch(this.#values);
  }
}

class WaitingBatch implements BatchFollower {
  readonly surrogates: string[] = [];
  readonly #values: Map<string, WaitingValue>;

  constructor(values: Map<string, WaitingValue>) {
    this.#values = values;
  }

  written(): void {
    for (const surrogate of this.surrogates) this.#values.delete(surrogate);
  }
}

export interface SurrogateParts {
  readonly db: Database;
  readonly keys: Keyring;
  readonly reader: VaultReader;
  readonly queue: SealingQueue;
  readonly use: NamespaceUse;
  readonly waiting: WaitingSurrogates;
  /** Whether the day of a value's last use is kept, so that a known one is stored anew. */
  readonly expires: boolean;
  /** Counts cells whose spelling isn't the stored one. */
  readonly onOtherSpelling: () => void;
}

/**
 * The function behind `Vault.surrogates`: tries candidates in their order until one is the value's own or free. Since the
 * order is the value's own, and a place that was given up keeps a tombstone, a value finds the surrogate that it has.
 */
export function createSurrogates(
  parts: SurrogateParts,
  candidate: SurrogateCandidate,
  { canonical }: NamespaceOptions,
): (value: string) => string {
  const { db, keys, reader, queue, use, waiting, expires, onOtherSpelling } = parts;
  const { namespace } = use;
  const formOf = canonical?.apply ?? ((value: string) => value);
  const digests = new SurrogateDigests(keys, namespace);
  const tombstones = new Tombstones(db, keys);
  const tombstoneDigests = new TombstoneDigests(keys);
  const anyTombstone = db.prepare<[], number>('SELECT 1 FROM tombstone LIMIT 1').pluck();
  const recent = new RepetitionCache<{ readonly surrogate: string; readonly differs: boolean }>();

  const isErased = (token: Buffer): boolean => {
    if (anyTombstone.get() === undefined) return false;
    const id = reader.namespaceId(namespace);
    return id !== undefined && tombstones.find(id, tombstoneDigests.ofToken(namespace, token)) !== undefined;
  };
  /** The value that a surrogate stands for, if it is this one. `null`: it stands for another one. */
  const ownValue = (surrogate: string, form: string, tail: string): string | null | undefined => {
    const waits = waiting.get(surrogate);
    if (waits !== undefined) return waits.form === form ? waits.value : null;
    const token = Buffer.from(digests.tokenOf(surrogate), 'hex');
    const stored = reader.entry(namespace, token);
    if (stored === undefined) return isErased(token) ? null : undefined;
    // The tail spares opening other values; whether it is this one is told by the value itself.
    if (!stored.tail.startsWith(tail)) return null;
    const value = stored.value();
    return value !== undefined && formOf(value) === form ? value : null;
  };

  return (value) => {
    if (value === '') return '';
    const known = recent.get(value);
    if (known !== undefined) {
      if (known.differs) onOtherSpelling();
      return known.surrogate;
    }
    if (!value.isWellFormed()) {
      throw new InputError('csv-encoding', { message: 'A value holds half of a surrogate pair' });
    }
    const form = formOf(value);
    const tail = digests.tailOf(form);
    for (let attempt = 0; attempt < attemptsMade; attempt++) {
      const surrogate = candidate(form, attempt);
      const own = ownValue(surrogate, form, tail);
      if (own === null) continue;
      const differs = own !== undefined && own !== value;
      if (differs) onOtherSpelling();
      if (own === undefined || expires) {
        const batch = queue.builderFor(use);
        batch.add(own ?? value, digests.tokenOf(surrogate) + tail);
        const copy = own ?? batch.copyOfLast();
        if (own === undefined)
          waiting.add(surrogate, { value: copy, form: form === value ? copy : form }, batch.follower);
      }
      if (recent.keeps(value)) recent.set(value.slice(), { surrogate, differs });
      return surrogate;
    }
    throw new VaultError('surrogates-exhausted');
  };
}
