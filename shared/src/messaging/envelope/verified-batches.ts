import type { KnownTree } from './merkle-tree.ts';

const defaultMaxBatches = 1_024;
const defaultMaxNodes = 131_072;

/** Batches whose one signature was found good, by the signature, with what is known of their trees. The latest ones. */
export class VerifiedBatches {
  readonly #trees = new Map<string, KnownTree>();
  readonly #maxBatches: number;
  readonly #maxNodes: number;

  /** @param maxNodes kept of all batches together, beyond the latest one's */
  constructor(maxBatches = defaultMaxBatches, maxNodes = defaultMaxNodes) {
    this.#maxBatches = maxBatches;
    this.#maxNodes = maxNodes;
  }

  get size(): number {
    return this.#trees.size;
  }

  find(signingKeyId: string, count: number, signature: Uint8Array): KnownTree | undefined {
    return this.#trees.get(idOf(signingKeyId, count, signature));
  }

  /** @param root under which the signature was verified */
  add(signingKeyId: string, count: number, signature: Uint8Array, root: string): KnownTree {
    let nodes = 0;
    for (const tree of this.#trees.values()) nodes += tree.nodes.size;
    for (const [id, tree] of this.#trees) {
      if (this.#trees.size < this.#maxBatches && nodes <= this.#maxNodes) break;
      nodes -= tree.nodes.size;
      this.#trees.delete(id);
    }
    const tree: KnownTree = { root, nodes: new Map() };
    this.#trees.set(idOf(signingKeyId, count, signature), tree);
    return tree;
  }
}

/** Key ids hold no colon. */
function idOf(signingKeyId: string, count: number, signature: Uint8Array): string {
  const bytes = Buffer.from(signature.buffer, signature.byteOffset, signature.byteLength);
  return `${signingKeyId}:${count}:${bytes.toString('latin1')}`;
}
