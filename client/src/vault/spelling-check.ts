import type { Batch } from './batch.ts';
import type { KnownEntries, KnownEntry } from './known-entries.ts';
import { sameValue } from './sort-batch.ts';
import type { NamespaceState } from './state.ts';

/** Finds out which values of a batch are spelled otherwise than the vault keeps them. */
export class SpellingCheck {
  readonly #entries: KnownEntries;
  readonly #namespace: NamespaceState;
  readonly #batch: Batch;
  readonly #differing: number[] = [];
  /** Where the values are stored that the vault had before, by position. */
  readonly #refs = new Map<number, number>();

  constructor(entries: KnownEntries, namespace: NamespaceState, batch: Batch) {
    this.#entries = entries;
    this.#namespace = namespace;
    this.#batch = batch;
  }

  known({ position, ref }: KnownEntry): void {
    this.#refs.set(position, ref);
    if (!this.#entries.isStored(this.#namespace, this.#batch, position, ref)) this.#differing.push(position);
  }

  /** @param repeats pairs of a position and the one that stands for it */
  differing(repeats: readonly number[]): Uint32Array {
    const values = Buffer.from(this.#batch.values.buffer);
    for (let i = 0; i < repeats.length; i += 2) {
      const position = repeats[i] ?? 0;
      const first = repeats[i + 1] ?? 0;
      const ref = this.#refs.get(first);
      const same =
        ref === undefined
          ? sameValue(this.#batch, values, first, position)
          : this.#entries.isStored(this.#namespace, this.#batch, position, ref);
      if (!same) this.#differing.push(position);
    }
    return Uint32Array.from(this.#differing);
  }
}
