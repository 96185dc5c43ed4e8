import { type VaultCopyEntry, type VaultCopyId, vaultCopyPageLimit } from '@sdp/shared/contracts';
import type { CopyKeys } from './copy-keys.ts';

/** What the server takes of one sealed value, in characters; and of one request, near enough. */
const longestSealed = 1_400_000;
const requestCharacters = 8_000_000;
const charactersAnEntry = 220;

/** An entry on its way to the server, not yet sealed. */
export interface OpenCopyEntry extends VaultCopyId {
  readonly token: Buffer;
  readonly tail: Buffer;
  readonly value: string;
}

/** Entries of one request. */
export class EntryPage {
  readonly entries: OpenCopyEntry[] = [];
  #characters = 0;

  get isEmpty(): boolean {
    return this.entries.length === 0;
  }

  get isFull(): boolean {
    return this.entries.length === vaultCopyPageLimit || this.#characters >= requestCharacters;
  }

  /** @returns `false` for a value that is too long */
  add(entry: OpenCopyEntry): boolean {
    const sealedCharacters = (Buffer.byteLength(entry.value, 'utf8') + entry.tail.length) * 1.34 + 100;
    if (sealedCharacters > longestSealed) return false;
    this.entries.push(entry);
    this.#characters += sealedCharacters + charactersAnEntry;
    return true;
  }

  ids(): VaultCopyId[] {
    return this.entries.map(({ namespace, erasure }) => ({ namespace, erasure }));
  }

  /** Seals some of them, under a key of their own. */
  seal(keys: CopyKeys, entries: readonly OpenCopyEntry[]): VaultCopyEntry[] {
    const seal = keys.sealer();
    return entries.map(({ namespace, token, erasure, tail, value }) => ({
      namespace,
      token: token.toString('hex'),
      erasure,
      sealed: seal(['entry', namespace, token], Buffer.concat([tail, Buffer.from(value, 'utf8')])),
    }));
  }
}
