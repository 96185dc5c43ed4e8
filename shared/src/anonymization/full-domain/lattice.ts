import { InputError } from '../../errors/index.ts';

/** Nodes that are searched at most; each takes some 30 bytes. */
const mostNodes = 10_000_000;

/** All combinations of levels, one per column, numbered: the transformations that a full-domain release can have. */
export class Lattice {
  readonly size: number;
  /** Levels of each column. */
  readonly #heights: readonly number[];
  /** What one level more of a column adds to a node's number. */
  readonly #strides: readonly number[];

  /** @throws {InputError} `anonymization-impossible` if there are too many */
  constructor(heights: readonly number[]) {
    let size = 1;
    this.#heights = heights;
    this.#strides = heights.map((height) => {
      const stride = size;
      size *= height;
      return stride;
    });
    this.size = size;
    if (size <= mostNodes) return;
    throw new InputError('anonymization-impossible', {
      message: `The hierarchies allow more than ${mostNodes} transformations, too many to find the best of`,
      remedy: 'Use hierarchies with fewer levels, fewer quasi-identifiers, or the algorithm mondrian.',
    });
  }

  levelsOf(node: number): number[] {
    return this.#heights.map((height, column) => Math.floor(node / (this.#strides[column] as number)) % height);
  }

  nodeOf(levels: readonly number[]): number {
    return levels.reduce((node, level, column) => node + level * (this.#strides[column] as number), 0);
  }

  /** Nodes that are one level coarser in one column. */
  successors(node: number): number[] {
    return this.#neighbours(node, (level, height) => level + 1 < height, 1);
  }

  /** Nodes that are one level finer in one column. */
  predecessors(node: number): number[] {
    return this.#neighbours(node, (level) => level > 0, -1);
  }

  #neighbours(node: number, exists: (level: number, height: number) => boolean, direction: 1 | -1): number[] {
    const found: number[] = [];
    for (const [column, height] of this.#heights.entries()) {
      const stride = this.#strides[column] as number;
      if (exists(Math.floor(node / stride) % height, height)) found.push(node + direction * stride);
    }
    return found;
  }
}
