import { VaultError } from '@sdp/shared/errors';
import type { Batch } from './batch.ts';
import { digestBytes, tokenBytes } from './format.ts';

const indexSpan = 2 ** 19;
const wordsPerDigest = digestBytes / 4;

/**
 * Positions of a batch's values in the order of their tokens, each token once.
 *
 * Sorts numbers, natively, instead of comparing tokens in JavaScript: 34 bits of the token and 19 bits of position fill
 * the 53 bits that a double holds exactly. The few that agree in those bits are put in order afterwards.
 *
 * Of several with one token the first stays. In a namespace with a canonical form they may be spelled differently; that they
 * are one value shows in the tail there.
 *
 * @param repeats takes each position that was left out, followed by the one that stands for it; canonical forms only
 * @throws {VaultError} `token-collision` if two different values have one token
 */
export function sortBatch(batch: Batch, repeats: number[] = []): Uint32Array {
  const { count, digests } = batch;
  if (count > indexSpan) throw new RangeError('A batch of that size does not fit the sort key.');
  const keys = new Float64Array(count);
  for (let i = 0; i < count; i++) keys[i] = prefixAt(digests, i) * indexSpan + i;
  keys.sort();
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = (keys[i] ?? 0) % indexSpan;
  orderEqualPrefixes(order, keys, digests);
  return order.subarray(0, dropRepetitions(order, batch, repeats));
}

/** The first 34 bits of a token. */
function prefixAt(digests: Uint8Array, index: number): number {
  const at = index * digestBytes;
  const high = (((digests[at] ?? 0) << 24) | ((digests[at + 1] ?? 0) << 16) | ((digests[at + 2] ?? 0) << 8)) >>> 0;
  return (high + (digests[at + 3] ?? 0)) * 4 + ((digests[at + 4] ?? 0) >>> 6);
}

function orderEqualPrefixes(order: Uint32Array, keys: Float64Array, digests: Uint8Array): void {
  const samePrefix = (a: number, b: number): boolean =>
    Math.floor((keys[a] ?? 0) / indexSpan) === Math.floor((keys[b] ?? 0) / indexSpan);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && samePrefix(start, end)) end++;
    if (end - start > 1) order.subarray(start, end).sort((a, b) => compareTokens(digests, a, b) || a - b);
    start = end;
  }
}

function compareTokens(digests: Uint8Array, a: number, b: number): number {
  const left = a * digestBytes;
  const right = b * digestBytes;
  for (let i = 0; i < tokenBytes; i++) {
    const difference = (digests[left + i] ?? 0) - (digests[right + i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Moves one position of each token to the front. @returns how many there are */
function dropRepetitions(order: Uint32Array, batch: Batch, repeats: number[]): number {
  const isCanonical = batch.use.canonical !== '';
  const words = new Uint32Array(batch.digests.buffer, batch.digests.byteOffset, batch.count * wordsPerDigest);
  const values = Buffer.from(batch.values.buffer);
  let kept = 0;
  for (let i = 0; i < order.length; i++) {
    const position = order[i] ?? 0;
    const previous = kept === 0 ? undefined : order[kept - 1];
    if (previous === undefined || !sameToken(words, previous, position)) {
      order[kept++] = position;
    } else if (batch.use.kind === 'random') {
      throw new VaultError('token-collision');
    } else if (isCanonical) {
      if (!sameTail(words, previous, position)) throw new VaultError('token-collision');
      repeats.push(position, previous);
    } else if (!sameValue(batch, values, previous, position)) {
      throw new VaultError('token-collision');
    }
  }
  return kept;
}

function sameToken(words: Uint32Array, a: number, b: number): boolean {
  const left = a * wordsPerDigest;
  const right = b * wordsPerDigest;
  return (
    words[left] === words[right] &&
    words[left + 1] === words[right + 1] &&
    words[left + 2] === words[right + 2] &&
    words[left + 3] === words[right + 3]
  );
}

function sameTail(words: Uint32Array, a: number, b: number): boolean {
  return words[a * wordsPerDigest + wordsPerDigest - 1] === words[b * wordsPerDigest + wordsPerDigest - 1];
}

/** Whether two values of a batch are the same bytes. */
export function sameValue(batch: Batch, values: Buffer, a: number, b: number): boolean {
  const startA = a === 0 ? 0 : (batch.ends[a - 1] ?? 0);
  const startB = b === 0 ? 0 : (batch.ends[b - 1] ?? 0);
  return values.compare(values, startB, batch.ends[b], startA, batch.ends[a]) === 0;
}
