import { VaultError } from '@sdp/shared/errors';
import type { Batch } from './batch.ts';
import type { OpenedBlock } from './block.ts';
import { type BlockRow, openBlockRow } from './block-row.ts';
import type { Database } from './database.ts';
import { blockCapacity, tailBytes, tokenBytes } from './format.ts';
import { GenerationCache } from './generation-cache.ts';
import type { WriterKeys } from './keyring.ts';
import type { NamespaceState } from './state.ts';
import type { TokenPack } from './token-pack.ts';

const openedBytes = 4 * 1024 * 1024;

/** A token of a batch that the vault has already. */
export interface KnownEntry {
  readonly position: number;
  readonly ref: number;
  /** The day of its last use as it is stored; empty where it has none. */
  readonly day: Uint8Array;
}

/** Finds out which tokens of a batch the vault has, and that they stand for the same values there. */
export class KnownEntries {
  readonly #db: Database;
  readonly #keys: WriterKeys;
  readonly #pack: TokenPack;
  readonly #opened = new GenerationCache<number, OpenedBlock>(openedBytes);
  readonly #sql;

  constructor(db: Database, keys: WriterKeys, pack: TokenPack) {
    this.#db = db;
    this.#keys = keys;
    this.#pack = pack;
    const rows = (columns: string) => `SELECT s.i, ${columns} FROM temp.seq s CROSS JOIN token_vault v
      WHERE s.i < :count AND v.namespace_id = :namespace AND v.token = ${pack.sql(0, tokenBytes)}`;
    const sameTail = `substr(v.tail, 1, ${tailBytes}) = ${pack.sql(tokenBytes, tailBytes)}`;
    this.#sql = {
      known: db.prepare<[PackParameters], [number, number]>(rows(`v.tail = ${pack.sql(tokenBytes, tailBytes)}`)).raw(),
      detailed: db
        .prepare<[PackParameters], [number, number, number, Buffer]>(
          rows(`${sameTail}, v.ref, substr(v.tail, ${tailBytes + 1})`),
        )
        .raw(),
      block: db.prepare<[number], BlockRow>('SELECT * FROM vault_block WHERE block_id = ?'),
    };
  }

  /**
   * Positions whose tokens are new. That the vault has the same value for the others, and not another one with the same
   * token, shows in the tail: 32 bits of the same HMAC that the token doesn't show. Opening the old value to compare would
   * prove no more, and would cost a second pass over the vault for every repeated file.
   *
   * @param onKnown where given, is told of each known token
   */
  fresh(
    namespace: NamespaceState,
    batch: Batch,
    order: Uint32Array,
    onKnown?: (known: KnownEntry) => void,
  ): Uint32Array {
    const fresh = new Uint32Array(order.length);
    let kept = 0;
    for (let start = 0; start < order.length; start += this.#pack.capacity) {
      const part = order.subarray(start, start + this.#pack.capacity);
      const parameters = { namespace: namespace.id, pack: this.#pack.fill(batch, part), count: part.length };
      const isKnown = new Uint8Array(part.length);
      if (onKnown === undefined) {
        for (const [i, sameTail] of this.#sql.known.all(parameters)) {
          assertSameValue(namespace, sameTail === 1);
          isKnown[i] = 1;
        }
      } else {
        for (const [i, sameTail, ref, day] of this.#sql.detailed.all(parameters)) {
          assertSameValue(namespace, sameTail === 1);
          isKnown[i] = 1;
          onKnown({ position: part[i] ?? 0, ref, day });
        }
      }
      for (let i = 0; i < part.length; i++) if (isKnown[i] === 0) fresh[kept++] = part[i] ?? 0;
    }
    return fresh.subarray(0, kept);
  }

  /** Whether a value of the batch is, byte for byte, the one that is stored. */
  isStored(namespace: NamespaceState, batch: Batch, position: number, ref: number): boolean {
    const block = this.#block(namespace, Math.floor(ref / blockCapacity));
    const start = position === 0 ? 0 : (batch.ends[position - 1] ?? 0);
    return block?.valueEquals(ref % blockCapacity, batch.values, start, batch.ends[position] ?? 0) ?? false;
  }

  #block(namespace: NamespaceState, blockId: number): OpenedBlock | undefined {
    const known = this.#opened.get(blockId, ({ sizeBytes }) => sizeBytes);
    if (known !== undefined) return known;
    const row = this.#sql.block.get(blockId);
    const block = row && openBlockRow(this.#db, this.#keys, namespace.name, row);
    if (block !== undefined) this.#opened.set(blockId, block, block.sizeBytes);
    return block;
  }
}

interface PackParameters {
  readonly namespace: number;
  readonly pack: Buffer;
  readonly count: number;
}

function assertSameValue({ kind }: NamespaceState, sameTail: boolean): void {
  if (kind === 'random') throw new VaultError('token-collision');
  if (!sameTail) throw new VaultError(kind === 'surrogate' ? 'surrogate-raced' : 'token-collision');
}
