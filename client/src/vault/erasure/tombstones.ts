import { deriveKey, type KeyedDigest, keyedDigest, lengthPrefixed } from '@sdp/shared/crypto';
import type { Database } from '../database.ts';
import type { Keyring } from '../keyring.ts';
import { SetDigest } from '../set-digest.ts';
import type { VaultState } from '../state.ts';

/**
 * Digests by which an erased entry is known again without keeping anything of it: one of its token, one of its value in
 * canonical form. The key doesn't change with the vault's tokens or master key, and is the same in all vaults made with
 * one master key, so that a tombstone of one vault holds for a copy and for another machine's vault.
 */
export class TombstoneDigests {
  readonly #digest: KeyedDigest;

  constructor(keys: Pick<Keyring, 'hash'>) {
    this.#digest = keyedDigest(deriveKey(keys.hash, 'tombstone-v1'), 'sdp-tombstone-v1');
  }

  /** @param token the 16 bytes under which the entry was stored */
  ofToken(namespace: string, token: Uint8Array): Buffer {
    return this.#of('token', namespace, token);
  }

  /** @param form the value in the namespace's canonical form */
  ofValue(namespace: string, form: string): Buffer {
    return this.#of('value', namespace, form);
  }

  #of(kind: 'token' | 'value', namespace: string, subject: string | Uint8Array): Buffer {
    return Buffer.from(this.#digest(lengthPrefixed(kind, namespace, subject)), 'hex');
  }
}

/** The tombstones of one vault, over one connection. */
export class Tombstones {
  readonly #set: SetDigest;
  readonly #sql;

  constructor(db: Database, keys: Pick<Keyring, 'state'>) {
    this.#set = new SetDigest(keys.state, 'vault-tombstone-set-v1');
    this.#sql = {
      put: db.prepare<[number, Uint8Array, number]>('INSERT OR REPLACE INTO tombstone VALUES (?, ?, ?)'),
      find: db
        .prepare<[number, Uint8Array], number>('SELECT erased_on FROM tombstone WHERE namespace_id = ? AND digest = ?')
        .pluck(),
      all: db.prepare<[], TombstoneRow>('SELECT * FROM tombstone ORDER BY namespace_id, digest'),
    };
  }

  /** Puts up tombstones; inside a transaction, with the state that is sealed in it. The last erasure counts. */
  add(state: VaultState, namespaceId: number, digests: readonly Uint8Array[], day: number): void {
    this.#set.reset(state.tombstones.set);
    for (const digest of digests) {
      const former = this.find(namespaceId, digest);
      if (former === day) continue;
      this.#sql.put.run(namespaceId, digest, day);
      if (former === undefined) state.tombstones.count += 1;
      else this.#set.toggle(namespaceId, digest, former);
      this.#set.toggle(namespaceId, digest, day);
    }
    state.tombstones.set = this.#set.toHex();
  }

  /** The day of an erasure, or `undefined` if there was none. */
  find(namespaceId: number, digest: Uint8Array): number | undefined {
    return this.#sql.find.get(namespaceId, digest);
  }

  all(): IterableIterator<TombstoneRow> {
    return this.#sql.all.iterate();
  }
}

/** A row of `tombstone`. */
export interface TombstoneRow {
  readonly namespace_id: number;
  readonly digest: Buffer;
  /** Days since 1970-01-01. */
  readonly erased_on: number;
}

/** Whether the tombstones in the file are those of its sealed state. */
export function tombstonesFit(db: Database, keys: Pick<Keyring, 'state'>, state: VaultState): boolean {
  const set = new SetDigest(keys.state, 'vault-tombstone-set-v1');
  let count = 0;
  for (const { namespace_id, digest, erased_on } of new Tombstones(db, keys).all()) {
    set.toggle(namespace_id, digest, erased_on);
    count += 1;
  }
  return count === state.tombstones.count && set.toHex() === state.tombstones.set;
}
