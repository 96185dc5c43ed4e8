import { finished } from 'node:stream/promises';
import type { CompactRange } from '@sdp/shared/crypto';
import pgCopy from 'pg-copy-streams';
import type { PoolClient } from '../database/index.ts';
import { type BlockKind, type BlockSealer, entriesPerBlock } from './block.ts';
import { blockLeaf } from './block-leaf.ts';
import { copyTarget } from './copy-target.ts';

/** Writes entries in order of `seq` inside the caller's transaction. */
export interface SealedRowWriter {
  /** @returns undefined, or a promise to wait for before the next call when the database lags behind */
  write(entry: string): Promise<void> | undefined;
  /** Ends the COPY. @returns number of the last entry */
  finish(): Promise<number>;
  /** Gives up; the transaction must be rolled back. */
  abort(): Promise<void>;
}

const tables: Record<BlockKind, string> = { record: 'tokenized_record', result: 'processed_result' };

/** PGCOPY signature, flags and header extension length (PostgreSQL documentation, COPY, "Binary Format"). */
const copyHeader = Buffer.from('5047434f50590aff0d0a000000000000000000', 'hex');
const copyTrailer = Buffer.from([0xff, 0xff]);

/** Field count, then batch id, seq, block seq and digest, each with its length before it. */
const rowBytes = 2 + (4 + 16) + (4 + 4) + (4 + 4) + (4 + 32);
const digestOffset = rowBytes - 32;
const nullLength = -1;
const initialBlockBytes = 64 * 1_024;

/**
 * One binary COPY. Rows are laid out in two buffers that are filled and emptied again: nothing is allocated for a record but
 * its digest's text.
 *
 * @param tree is given a leaf for each block: see {@link blockLeaf}
 * @param start number of the first entry: one behind a whole number of blocks
 */
export async function openSealedRowWriter(
  client: PoolClient,
  kind: BlockKind,
  batchId: string,
  sealer: BlockSealer,
  tree: CompactRange,
  start = 1,
): Promise<SealedRowWriter> {
  const target = await copyTarget(client, tables[kind]);
  const copy = client.query(
    pgCopy.from(`COPY ${target.name} (batch_id, seq, block_seq, sha256, payload) FROM STDIN (FORMAT binary)`),
  );
  // The failure is reported by the next write or by finish, whichever comes first.
  const done = finished(copy, { readable: false });
  done.catch(() => undefined);
  copy.write(copyHeader);

  const rowTemplate = templateRow(batchId);
  const blockDigests = Buffer.alloc(1 + entriesPerBlock * 32);
  const digests: string[] = [];
  let block = Buffer.allocUnsafe(initialBlockBytes);
  let blockSize = 0;
  let nextSeq = start;

  const flush = (): Promise<void> | undefined => {
    const count = digests.length;
    if (count === 0) return undefined;
    const lastSeq = nextSeq - 1;
    const firstSeq = nextSeq - count;
    const payload = sealer.seal(firstSeq, count, block.subarray(0, blockSize));
    // Not reused: the stream keeps it until it is sent.
    const rows = Buffer.allocUnsafe(count * (rowBytes + 4) + payload.length);
    let offset = 0;
    const leaf = blockDigests.subarray(0, 1 + count * 32);
    // Decoded at once: the tree then costs hardly more than decoding them one by one did.
    leaf.write(digests.join(''), 1, 'hex');
    for (let i = 0; i < count; i++) {
      rows.set(rowTemplate, offset);
      rows.writeInt32BE(firstSeq + i, offset + 26);
      rows.writeInt32BE(lastSeq, offset + 34);
      leaf.copy(rows, offset + digestOffset, 1 + i * 32, 33 + i * 32);
      offset = rows.writeInt32BE(i === count - 1 ? payload.length : nullLength, offset + rowBytes);
    }
    rows.set(payload, offset);
    tree.append(blockLeaf(leaf));
    digests.length = 0;
    blockSize = 0;
    return copy.write(rows) ? undefined : drained(copy, done);
  };

  return {
    write(entry) {
      const worst = entry.length * 3 + 4;
      if (blockSize + worst > block.length) {
        const larger = Buffer.allocUnsafe(Math.max(block.length * 2, blockSize + worst));
        larger.set(block.subarray(0, blockSize));
        block = larger;
      }
      const size = block.write(entry, blockSize + 4, 'utf8');
      block.writeUInt32BE(size, blockSize);
      blockSize += 4 + size;
      digests.push(sealer.digest(nextSeq, entry));
      nextSeq++;
      return digests.length === entriesPerBlock ? flush() : undefined;
    },
    async finish() {
      await flush();
      copy.end(copyTrailer);
      await done;
      await target.settle();
      return nextSeq - 1;
    },
    async abort() {
      copy.destroy();
      await done.catch(() => undefined);
    },
  };
}

async function drained(copy: NodeJS.WritableStream, done: Promise<void>): Promise<void> {
  const drain = new Promise<void>((resolve) => copy.once('drain', resolve));
  await Promise.race([drain, done]);
}

function templateRow(batchId: string): Buffer {
  const row = Buffer.alloc(rowBytes);
  row.writeInt16BE(5, 0);
  row.writeInt32BE(16, 2);
  row.write(batchId.replaceAll('-', ''), 6, 'hex');
  row.writeInt32BE(4, 22);
  row.writeInt32BE(4, 30);
  row.writeInt32BE(32, 38);
  return row;
}
