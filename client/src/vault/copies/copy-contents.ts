import type { VaultCopyErasure, VaultCopyId } from '@sdp/shared/contracts';
import { z } from 'zod';
import type { Keyring } from '../keyring.ts';
import { SetDigest } from '../set-digest.ts';

const setSchema = z.strictObject({ count: z.int().nonnegative(), set: z.string().regex(/^[0-9a-f]{64}$/) });

/** Of what a copy consists, as it stands sealed in its head: how many entries and erasures, and keyed digests of the sets. */
export const copyContentsSchema = z.strictObject({ entries: setSchema, erasures: setSchema });
export type CopyContentsText = z.infer<typeof copyContentsSchema>;

/**
 * Entries and erasures of a copy, one by one. An entry is a member by its namespace and the digest that names it when it
 * is erased: what is sealed under that can't be changed without being noticed at the entry itself.
 */
export class CopyContents {
  readonly #entries: SetDigest;
  readonly #erasures: SetDigest;
  #entryCount: number;
  #erasureCount: number;

  constructor({ hash }: Pick<Keyring, 'hash'>, from?: CopyContentsText) {
    this.#entries = new SetDigest(hash, 'vault-copy-entry-set-v1', from?.entries.set);
    this.#erasures = new SetDigest(hash, 'vault-copy-erasure-set-v1', from?.erasures.set);
    this.#entryCount = from?.entries.count ?? 0;
    this.#erasureCount = from?.erasures.count ?? 0;
  }

  get entryCount(): number {
    return this.#entryCount;
  }

  get erasureCount(): number {
    return this.#erasureCount;
  }

  add({ namespace, erasure }: VaultCopyId): void {
    this.#entries.toggle(namespace, erasure);
    this.#entryCount += 1;
  }

  remove({ namespace, erasure }: VaultCopyId): void {
    this.#entries.toggle(namespace, erasure);
    this.#entryCount -= 1;
  }

  /** @param former the day on which the same was erased before; the later one counts */
  addErasure({ namespace, erasure, erased_on }: VaultCopyErasure, former: number | null = null): void {
    if (former === null) this.#erasureCount += 1;
    else this.#erasures.toggle(namespace, erasure, former);
    this.#erasures.toggle(namespace, erasure, erased_on);
  }

  toText(): CopyContentsText {
    return {
      entries: { count: this.#entryCount, set: this.#entries.toHex() },
      erasures: { count: this.#erasureCount, set: this.#erasures.toHex() },
    };
  }

  equals(other: CopyContents): boolean {
    return (
      this.hasEntriesOf(other) && JSON.stringify(this.toText().erasures) === JSON.stringify(other.toText().erasures)
    );
  }

  hasEntriesOf(other: CopyContents): boolean {
    return JSON.stringify(this.toText().entries) === JSON.stringify(other.toText().entries);
  }
}
