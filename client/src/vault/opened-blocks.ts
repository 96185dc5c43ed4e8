import type { OpenedBlock } from './block.ts';
import { blockCapacity } from './format.ts';
import { GenerationCache } from './generation-cache.ts';

/** Bytes of opened blocks in a generation: the blocks of a batch or two. */
const generationBytes = 20 * 1024 * 1024;
const indexBits = 20;

interface Entry {
  readonly namespaceId: number;
  readonly block: OpenedBlock;
}

/**
 * Blocks that were opened lately, and where the tokens in them are. A file that is read back in the order in which it
 * was written so opens each block once, and looks up one token in a block's 128 in the vault's tree.
 *
 * The index of tokens forgets: a place in it belongs to the token that came last. What it finds is compared with the
 * token, so a lost place costs a look-up and never gives another value.
 */
export class OpenedBlocks {
  readonly #blocks = new GenerationCache<number, Entry>(generationBytes);
  #refs: Float64Array | undefined;

  get(blockId: number): OpenedBlock | undefined {
    return this.#get(blockId)?.block;
  }

  add(namespaceId: number, blockId: number, block: OpenedBlock): void {
    this.#blocks.set(blockId, { namespaceId, block }, block.sizeBytes);
    this.#refs ??= new Float64Array(2 ** indexBits);
    for (let slot = 0; slot < block.count; slot++) {
      this.#refs[placeOf(block.token(slot))] = blockId * blockCapacity + slot;
    }
  }

  /** The value of a token, if it is in one of these blocks and the block in one of the namespaces. */
  valueOf(token: Uint8Array, isWanted: (namespaceId: number) => boolean): string | undefined {
    const ref = this.#refs?.[placeOf(token)] ?? 0;
    if (ref === 0) return undefined;
    const entry = this.#get(Math.floor(ref / blockCapacity));
    const slot = ref % blockCapacity;
    return entry?.block.holds(slot, token) && isWanted(entry.namespaceId) ? entry.block.value(slot) : undefined;
  }

  #get(blockId: number): Entry | undefined {
    return this.#blocks.get(blockId, ({ block }) => block.sizeBytes);
  }
}

/** Tokens are random: any bits of them will do. */
function placeOf(token: Uint8Array): number {
  return ((token[0] ?? 0) << 12) | ((token[1] ?? 0) << 4) | ((token[2] ?? 0) >>> 4);
}
