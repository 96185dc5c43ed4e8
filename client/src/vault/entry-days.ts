import type { KeyObject } from 'node:crypto';
import type { Batch } from './batch.ts';
import type { Database } from './database.ts';
import { dayBytes, digestBytes, tailBytes, tokenBytes } from './format.ts';
import type { KnownEntry } from './known-entries.ts';
import { SetDigest } from './set-digest.ts';
import type { NamespaceExpiry, NamespaceState } from './state.ts';

const dayMs = 86_400_000;

/** Days since 1970-01-01 in UTC. */
export function today(): number {
  return Math.floor(Date.now() / dayMs);
}

/** The date of such a day, ISO 8601. */
export function dayText(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 10);
}

/** A day as it stands behind a tail: big-endian, good until the year 2149. */
export function dayToBytes(day: number): Buffer {
  const bytes = Buffer.alloc(dayBytes);
  bytes.writeUInt16BE(day);
  return bytes;
}

/**
 * Keeps the day on which an entry was last used, in namespaces that have an expiry. The days stand beside the tokens in
 * the open; a digest of all of them is part of the sealed state.
 */
export class EntryDays {
  readonly #set: SetDigest;
  readonly #refresh;

  constructor(db: Database, stateKey: KeyObject) {
    this.#set = new SetDigest(stateKey, 'vault-day-set-v1');
    this.#refresh = db.prepare<[Uint8Array, number, Uint8Array]>(
      'UPDATE token_vault SET tail = ? WHERE namespace_id = ? AND token = ?',
    );
  }

  /** Takes up a namespace's days; {@link end} puts them back into its state. */
  begin(expiry: NamespaceExpiry): void {
    this.#set.reset(expiry.daySet);
  }

  end(expiry: NamespaceExpiry): void {
    expiry.daySet = this.#set.toHex();
  }

  /** Counts in the days of entries that are being inserted. */
  add(batch: Batch, positions: Uint32Array, day: Uint8Array): void {
    for (const position of positions) this.#set.toggle(tokenAt(batch, position), day);
  }

  /** Gives a known entry the present day. @returns whether it had another one */
  touch({ id }: NamespaceState, batch: Batch, { position, day: stored }: KnownEntry, day: Buffer): boolean {
    if (day.equals(stored)) return false;
    const token = tokenAt(batch, position);
    const tailStart = position * digestBytes + tokenBytes;
    const tail = batch.digests.subarray(tailStart, tailStart + tailBytes);
    this.#refresh.run(Buffer.concat([tail, day]), id, token);
    if (stored.length > 0) this.#set.toggle(token, stored);
    this.#set.toggle(token, day);
    return true;
  }

  /** Counts in the day of an entry that gets another token. */
  put(token: Uint8Array, day: Uint8Array): void {
    if (day.length > 0) this.#set.toggle(token, day);
  }

  /** Counts out the day of an entry that is erased. */
  remove(token: Uint8Array, day: Uint8Array): void {
    if (day.length > 0) this.#set.toggle(token, day);
  }
}

function tokenAt(batch: Batch, position: number): Uint8Array {
  return batch.digests.subarray(position * digestBytes, position * digestBytes + tokenBytes);
}
