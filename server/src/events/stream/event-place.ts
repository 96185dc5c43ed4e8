/** How far a stream has come. */
export interface EventPlace {
  /** All blocks before it have been seen. */
  readonly block: bigint;
  /** Of the last event of the block that has been seen; undefined where all of them have. */
  readonly index: number | undefined;
}

export const placePattern = /^\d{1,18}(?:-\d{1,9})?$/;

/** @returns undefined for a text that is none */
export function parsePlace(text: string): EventPlace | undefined {
  if (!placePattern.test(text)) return undefined;
  const [block = '', index] = text.split('-');
  return { block: BigInt(block), index: index === undefined ? undefined : Number(index) };
}

/** The last event of a block has the block's own number for its id: whoever has seen it has seen all of the block. */
export function idOf(block: bigint, index: number, rows: number): string {
  return index === rows - 1 ? block.toString() : `${block}-${index}`;
}

/** The last block that has been seen whole, as far as the place tells. */
export function lastWhole({ block, index }: EventPlace): bigint {
  return index === undefined ? block : block - 1n;
}
