import type { Batch } from './batch.ts';
import { lengthSize, writeLength } from './block.ts';
import { blockCapacity, blockValueBytes, digestBytes, tokenBytes } from './format.ts';

/** Lays out blocks as `OpenedBlock` reads them, in a buffer that it uses again. */
export class BlockEncoder {
  #plaintext = Buffer.alloc(blockValueBytes * 2);

  /** The plaintext of one block, of the values at these positions. Valid until the next call. */
  encode(batch: Batch, positions: Uint32Array): Uint8Array {
    let size = 1 + positions.length * tokenBytes;
    for (const position of positions) {
      const length = valueLength(batch, position);
      size += lengthSize(length) + length;
    }
    if (size > this.#plaintext.length) this.#plaintext = Buffer.alloc(size);
    const out = this.#plaintext;
    const { digests, ends, values } = batch;
    out[0] = positions.length;
    let at = 1;
    for (const position of positions) {
      const from = position * digestBytes;
      for (let i = from; i < from + tokenBytes; i++) out[at++] = digests[i] as number;
    }
    for (const position of positions) at = writeLength(out, at, valueLength(batch, position));
    for (const position of positions) {
      const end = ends[position] as number;
      const start = end - valueLength(batch, position);
      // For a short value the loop beats the call that would copy it.
      if (end - start > 64) {
        out.set(values.subarray(start, end), at);
        at += end - start;
      } else {
        for (let i = start; i < end; i++) out[at++] = values[i] as number;
      }
    }
    return out.subarray(0, size);
  }
}

function valueLength(batch: Batch, position: number): number {
  const start = position === 0 ? 0 : (batch.ends[position - 1] ?? 0);
  return (batch.ends[position] ?? 0) - start;
}

/** How many values each block takes: as many as fit, by number and by size. */
export function blockSizes(batch: Batch, positions: Uint32Array): number[] {
  const sizes: number[] = [];
  let entries = 0;
  let bytes = 0;
  for (const position of positions) {
    entries += 1;
    bytes += valueLength(batch, position);
    if (entries < blockCapacity && bytes < blockValueBytes) continue;
    sizes.push(entries);
    entries = 0;
    bytes = 0;
  }
  if (entries > 0) sizes.push(entries);
  return sizes;
}
