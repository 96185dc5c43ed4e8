import type { KeyObject } from 'node:crypto';
import {
  deriveKey,
  type KeyedDigest,
  keyedDigest,
  lengthPrefixed,
  nonceBytes,
  openBlob,
  sealBlob,
} from '@sdp/shared/crypto';
import type { DataKey } from './data-key-ring.ts';

/** What is sealed: a batch's records, or its results. Keys and associated data keep the two apart. */
export type BlockKind = 'record' | 'result';

/** Entries sealed together. One sealing a record would cost as much as all the rest of storing it. */
export const entriesPerBlock = 64;

const formatVersion = 1;
const headerBytes = 1 + 4 + nonceBytes;

/** Seals and opens the blocks of one batch, each bound to its place. */
export interface BlockSealer {
  /**
   * @param entries the block's plaintext, as {@link encodeEntries} lays it out
   * @returns version, key id, nonce, ciphertext and tag
   */
  seal(firstSeq: number, count: number, entries: Uint8Array): Buffer;
  /** @returns undefined when the block isn't what was sealed at this place */
  open(firstSeq: number, count: number, payload: Buffer): Buffer | undefined;
  /** Keyed digest of one entry at its place, as 64 hex digits: equal entries have different ones. */
  digest(seq: number, entry: string): string;
}

/**
 * Each batch has keys of its own, derived from the data key: the number of sealings under one key is bounded by the batch's
 * size, and a block of another batch can't open here even before its associated data is looked at.
 */
export function createBlockSealer(kind: BlockKind, dataKey: DataKey, batchId: string, clientId: string): BlockSealer {
  const sealingKey: KeyObject = deriveKey(dataKey.key, `server-${kind}-seal-v1`, batchId);
  const digestOf: KeyedDigest = keyedDigest(deriveKey(dataKey.key, `server-${kind}-digest-v1`, batchId));
  const context = (firstSeq: number, count: number) =>
    lengthPrefixed('sdp-server-block-v1', kind, batchId, clientId, firstSeq, count, dataKey.id);
  return {
    seal(firstSeq, count, entries) {
      const { nonce, sealed } = sealBlob(sealingKey, context(firstSeq, count), entries);
      const payload = Buffer.allocUnsafe(headerBytes + sealed.length);
      payload[0] = formatVersion;
      payload.writeUInt32BE(dataKey.id, 1);
      payload.set(nonce, 5);
      payload.set(sealed, headerBytes);
      return payload;
    },
    open(firstSeq, count, payload) {
      if (payload.length < headerBytes || payload[0] !== formatVersion) return undefined;
      if (payload.readUInt32BE(1) !== dataKey.id) return undefined;
      const blob = { nonce: payload.subarray(5, headerBytes), sealed: payload.subarray(headerBytes) };
      return openBlob(sealingKey, context(firstSeq, count), blob);
    },
    digest: (seq, entry) => digestOf(`${seq}:${entry}`),
  };
}

/** Which key a block is under, by what it says itself. @returns undefined where there is none, or of another format */
export function keyIdOf(payload: Buffer | null | undefined): number | undefined {
  if (!payload || payload.length < headerBytes || payload[0] !== formatVersion) return undefined;
  return payload.readUInt32BE(1);
}

/** Gives sealers of one batch under whatever key its blocks are. */
export function blockSealers(
  kind: BlockKind,
  dataKey: DataKey,
  batchId: string,
  clientId: string,
): (keyId: number) => Promise<BlockSealer> {
  const sealers = new Map([[dataKey.id, createBlockSealer(kind, dataKey, batchId, clientId)]]);
  return async (keyId) => {
    const known = sealers.get(keyId);
    if (known) return known;
    const sealer = createBlockSealer(kind, await dataKey.other(keyId), batchId, clientId);
    sealers.set(keyId, sealer);
    return sealer;
  };
}

/** Splits an opened block into its entries. @returns undefined when its lengths don't add up */
export function decodeEntries(block: Buffer, count: number): string[] | undefined {
  const entries: string[] = [];
  let offset = 0;
  for (let i = 0; i < count; i++) {
    if (offset + 4 > block.length) return undefined;
    const end = offset + 4 + block.readUInt32BE(offset);
    if (end > block.length) return undefined;
    entries.push(block.toString('utf8', offset + 4, end));
    offset = end;
  }
  return offset === block.length ? entries : undefined;
}

/** One entry of an opened block; the others are only stepped over. @returns undefined when the lengths don't add up */
export function entryAt(block: Buffer, count: number, index: number): string | undefined {
  let entry: string | undefined;
  let offset = 0;
  for (let i = 0; i < count; i++) {
    if (offset + 4 > block.length) return undefined;
    const end = offset + 4 + block.readUInt32BE(offset);
    if (end > block.length) return undefined;
    if (i === index) entry = block.toString('utf8', offset + 4, end);
    offset = end;
  }
  return offset === block.length ? entry : undefined;
}
