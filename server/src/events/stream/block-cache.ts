import { IntegrityError } from '@sdp/shared/errors';
import { type Queryable, query } from '../../database/index.ts';
import type { DataKeyRing } from '../../records/index.ts';
import { openLines } from '../store/event-block.ts';
import { type StoredBlockRow, sealedBlockOf, storedBlockColumns } from '../store/stored-block.ts';
import type { BlockHead } from './block-heads.ts';

/** A block's events as JSON; `unreadable` where they are not what was stored, `gone` where there is no such block any more. */
export type OpenedBlock = readonly string[] | 'unreadable' | 'gone';

interface Kept {
  readonly opened: Promise<OpenedBlock>;
  bytes: number;
}

const defaultMaxBytes = 16 * 1_024 * 1_024;

/** Opens blocks for all streams of a process: most are read by several, at about the same time. */
export class BlockCache {
  readonly #keyRing: DataKeyRing;
  readonly #maxBytes: number;
  /** Least recently asked for first. */
  readonly #kept = new Map<bigint, Kept>();
  #bytes = 0;

  constructor(keyRing: DataKeyRing, maxBytes: number = defaultMaxBytes) {
    this.#keyRing = keyRing;
    this.#maxBytes = maxBytes;
  }

  get sizeBytes(): number {
    return this.#bytes;
  }

  /**
   * @param db sees these blocks
   * @throws {UnavailableError} `database-unavailable`
   */
  async open(db: Queryable, heads: readonly BlockHead[]): Promise<readonly OpenedBlock[]> {
    const missing = heads.filter(({ seq }) => !this.#kept.has(seq)).map(({ seq }) => seq);
    if (missing.length > 0) {
      const all = this.#read(db, missing);
      for (const seq of missing) this.#keep(seq, all);
    }
    const kept = heads.map(({ seq }) => {
      const each = this.#kept.get(seq) as Kept;
      this.#kept.delete(seq);
      this.#kept.set(seq, each);
      return each.opened;
    });
    return Promise.all(kept);
  }

  #keep(seq: bigint, all: Promise<ReadonlyMap<bigint, OpenedBlock>>): void {
    const kept: Kept = { opened: all.then((blocks) => blocks.get(seq) ?? 'gone'), bytes: 0 };
    this.#kept.set(seq, kept);
    const isKept = () => this.#kept.get(seq) === kept;
    kept.opened.then(
      (opened) => {
        if (!isKept()) return;
        if (typeof opened === 'string') {
          // Somebody may ask for what is gone again, but hardly ever.
          this.#kept.delete(seq);
          return;
        }
        kept.bytes = opened.reduce((sum, line) => sum + line.length, 0);
        this.#bytes += kept.bytes;
        this.#trim();
      },
      () => isKept() && this.#kept.delete(seq),
    );
  }

  #trim(): void {
    for (const [seq, { bytes }] of this.#kept) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#kept.delete(seq);
      this.#bytes -= bytes;
    }
  }

  async #read(db: Queryable, blocks: readonly bigint[]): Promise<ReadonlyMap<bigint, OpenedBlock>> {
    const { rows } = await query<StoredBlockRow>(
      db,
      `SELECT ${storedBlockColumns} FROM event_block WHERE block_id = ANY ($1::bigint[])`,
      [blocks.map(String)],
    );
    const opened = rows.map(async (row) => [BigInt(row.block_id), await this.#open(row)] as const);
    return new Map(await Promise.all(opened));
  }

  async #open(row: StoredBlockRow): Promise<OpenedBlock> {
    try {
      return await openLines(sealedBlockOf(row), await this.#keyRing.get(row.key_id));
    } catch (error) {
      if (error instanceof IntegrityError) return 'unreadable';
      throw error;
    }
  }
}
