import { constantTimeEqual } from '@sdp/shared/crypto';
import { IntegrityError } from '@sdp/shared/errors';
import { type Queryable, query } from '../database/index.ts';
import { type BlockKind, type BlockSealer, decodeEntries, entriesPerBlock, keyIdOf } from './block.ts';
import { leafOfDigests } from './block-leaf.ts';

/** Consecutive entries; `entries[i]` is entry `firstSeq + i`. */
export interface EntryChunk {
  readonly firstSeq: number;
  readonly entries: readonly string[];
  /** Leaves of the blocks, for the tree over all of them. */
  readonly leaves: readonly Buffer[];
}

/** Seals and opens under the key of that id. */
export type SealerOf = (keyId: number) => Promise<BlockSealer>;

interface SealedRow {
  readonly seq: number;
  readonly block_seq: number;
  readonly sha256: Buffer;
  readonly payload: Buffer | null;
}

const tables: Record<BlockKind, string> = { record: 'tokenized_record', result: 'processed_result' };
const rowsPerQuery = entriesPerBlock * 16;

/**
 * Streams a batch's entries by `seq`, checking every block and every digest, that none is missing and none was added. A batch may
 * be given another key between two pages: each block says which one it is under.
 *
 * @throws {IntegrityError} `record-tampered` before anything of a block that fails is given out
 */
export async function* readSealedRows(
  pool: Queryable,
  kind: BlockKind,
  batchId: string,
  expectedCount: number,
  sealerOf: SealerOf,
): AsyncGenerator<EntryChunk> {
  let nextSeq = 1;
  let after: number | null = null;
  for (;;) {
    const rows: SealedRow[] = await nextRows(pool, kind, batchId, after);
    if (rows.length === 0) break;
    const entries: string[] = [];
    const leaves: Buffer[] = [];
    const firstSeq = nextSeq;
    let used = 0;
    while (used < rows.length) {
      const end = endOfBlock(rows, used);
      // The rest of the block is in the next query's rows.
      if (end === undefined) break;
      const block = rows.slice(used, end);
      entries.push(...openBlock(block, nextSeq, batchId, await sealerOfBlock(block, nextSeq, batchId, sealerOf)));
      leaves.push(leafOfDigests(block.map(({ sha256 }) => sha256)));
      nextSeq += end - used;
      used = end;
    }
    if (used === 0 || nextSeq - 1 > expectedCount) throw tampered(batchId);
    after = nextSeq - 1;
    yield { firstSeq, entries, leaves };
  }
  if (nextSeq - 1 !== expectedCount) throw tampered(batchId);
}

async function nextRows(pool: Queryable, kind: BlockKind, batchId: string, after: number | null): Promise<SealedRow[]> {
  // The first query has no lower bound, so that a row put before the first one shows.
  const { rows } = await query<SealedRow>(
    pool,
    `SELECT seq, block_seq, sha256, payload FROM ${tables[kind]}
      WHERE batch_id = $1 AND seq > coalesce($2, -2147483648) ORDER BY seq LIMIT ${rowsPerQuery}`,
    [batchId, after],
  );
  return rows;
}

/** Index after the block's last row, or undefined when that row isn't among these. */
function endOfBlock(rows: readonly SealedRow[], start: number): number | undefined {
  const last = rows[start]?.block_seq;
  for (let i = start; i < rows.length; i++) {
    if (rows[i]?.seq === last) return i + 1;
  }
  return undefined;
}

async function sealerOfBlock(
  rows: readonly SealedRow[],
  firstSeq: number,
  batchId: string,
  sealerOf: SealerOf,
): Promise<BlockSealer> {
  const keyId = keyIdOf(rows.at(-1)?.payload);
  if (keyId === undefined) throw tampered(batchId, firstSeq);
  return sealerOf(keyId);
}

function openBlock(rows: readonly SealedRow[], firstSeq: number, batchId: string, sealer: BlockSealer): string[] {
  const last = rows.at(-1);
  const inPlace = rows.every(
    (row, i) =>
      row.seq === firstSeq + i && row.block_seq === last?.seq && (row.payload === null) === i < rows.length - 1,
  );
  if (!inPlace || !last?.payload) throw tampered(batchId, firstSeq);
  const block = sealer.open(firstSeq, rows.length, last.payload);
  const entries = block && decodeEntries(block, rows.length);
  if (!entries) throw tampered(batchId, firstSeq);
  for (const [i, row] of rows.entries()) {
    if (!constantTimeEqual(row.sha256.toString('hex'), sealer.digest(row.seq, entries[i] as string))) {
      throw tampered(batchId, row.seq);
    }
  }
  return entries;
}

function tampered(batchId: string, row?: number): IntegrityError {
  return new IntegrityError('record-tampered', { details: { batchId, ...(row !== undefined && { row }) } });
}
