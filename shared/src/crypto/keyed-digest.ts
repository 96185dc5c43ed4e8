import { createHash, hash, type KeyObject } from 'node:crypto';
import { constantTimeEqual } from './compare.ts';
import { type EncodablePart, lengthPrefixed } from './length-prefixed.ts';

const blockBytes = 64;
const digestBytes = 32;
const initialCapacity = 4_096;
const cachedViewLimit = 1_024;

/** From a value (a string counts as UTF-8) to its HMAC-SHA-256 as 64 lower-case hex digits; see {@link keyedDigest}. */
export type KeyedDigest = (value: string | Uint8Array) => string;

/**
 * HMAC-SHA-256 (RFC 2104, FIPS 198-1) over `lengthPrefixed(...domain, value)`, for millions of short values under one
 * key. The same bytes go in as with {@link lengthPrefixed} and `createHmac`; tests hold the two together.
 *
 * Why not `createHmac` itself: it builds a native object per value and reaches half the rate of two one-shot hashes
 * over prepared buffers (Node 24). Revisit when Node has a one-shot HMAC.
 */
export function keyedDigest(key: KeyObject, ...domain: readonly EncodablePart[]): KeyedDigest {
  return hmacSha256(key, lengthPrefixed(...domain), true);
}

/** See {@link keyedDigestOfParts}. */
export interface KeyedPartsDigest {
  /** 64 lower-case hex digits. */
  hex(...parts: readonly Uint8Array[]): string;
  /** 32 bytes, as latin1. */
  latin1(...parts: readonly Uint8Array[]): string;
  /** In constant time. */
  equals(digest: Uint8Array, ...parts: readonly Uint8Array[]): boolean;
}

/** {@link keyedDigest} of a value in parts, which count as one behind the other: for long values that would be copied to be joined. */
export function keyedDigestOfParts(key: KeyObject, ...domain: readonly EncodablePart[]): KeyedPartsDigest {
  const prefix = lengthPrefixed(...domain);
  const { innerPad, outer } = keyPads(key);
  const valueOffset = blockBytes + prefix.length + 4;
  let inner: Buffer;
  const grow = (capacity: number): void => {
    inner = Buffer.allocUnsafeSlow(valueOffset + capacity);
    inner.set(innerPad, 0);
    inner.set(prefix, blockBytes);
  };
  grow(initialCapacity);
  const hashInner = (parts: readonly Uint8Array[]): void => {
    let size = 0;
    for (const part of parts) size += part.length;
    if (valueOffset + size > inner.length) grow(2 * size);
    inner.writeUInt32BE(size, valueOffset - 4);
    let offset = valueOffset;
    for (const part of parts) {
      inner.set(part, offset);
      offset += part.length;
    }
    outer.write(hash('sha256', new Uint8Array(inner.buffer, 0, offset), 'binary'), blockBytes, digestBytes, 'latin1');
  };
  const computed = Buffer.alloc(digestBytes);
  return {
    hex: (...parts) => {
      hashInner(parts);
      return hash('sha256', outer, 'hex');
    },
    latin1: (...parts) => {
      hashInner(parts);
      return hash('sha256', outer, 'binary');
    },
    equals: (digest, ...parts) => {
      hashInner(parts);
      computed.write(hash('sha256', outer, 'binary'), 'latin1');
      return constantTimeEqual(computed, digest);
    },
  };
}

/** Plain HMAC-SHA-256 of one message under a key, as 64 lower-case hex digits. */
export function hmacHex(key: KeyObject, message: string | Uint8Array): string {
  return hmacSha256(key, new Uint8Array(0), false)(message);
}

function hmacSha256(key: KeyObject, prefix: Uint8Array, withLength: boolean): KeyedDigest {
  const { innerPad, outer } = keyPads(key);
  const valueOffset = blockBytes + prefix.length + (withLength ? 4 : 0);
  let inner: Buffer;
  let views: (Uint8Array | undefined)[];
  const grow = (capacity: number): void => {
    inner = Buffer.allocUnsafeSlow(valueOffset + capacity);
    inner.set(innerPad, 0);
    inner.set(prefix, blockBytes);
    views = [];
  };
  grow(initialCapacity);

  // A view per length, kept: making one costs a fifth of a short value's whole digest.
  const viewOf = (length: number): Uint8Array => {
    if (length > cachedViewLimit) return inner.subarray(0, length);
    let view = views[length];
    if (view === undefined) {
      view = inner.subarray(0, length);
      views[length] = view;
    }
    return view;
  };

  return (value) => {
    // UTF-8 takes at most three bytes for a UTF-16 unit.
    const worst = typeof value === 'string' ? value.length * 3 : value.length;
    if (valueOffset + worst > inner.length) grow(worst);
    let size: number;
    if (typeof value === 'string') {
      size = inner.write(value, valueOffset, 'utf8');
    } else {
      inner.set(value, valueOffset);
      size = value.length;
    }
    if (withLength) inner.writeUInt32BE(size, valueOffset - 4);
    outer.write(hash('sha256', viewOf(valueOffset + size), 'binary'), blockBytes, digestBytes, 'latin1');
    return hash('sha256', outer, 'hex');
  };
}

/** The key XORed with HMAC's two pads; keys longer than a block are hashed first. */
function keyPads(key: KeyObject): { innerPad: Buffer; outer: Buffer } {
  const exported = key.export();
  const bytes = exported.length > blockBytes ? createHash('sha256').update(exported).digest() : exported;
  const innerPad = Buffer.alloc(blockBytes, 0x36);
  const outer = Buffer.alloc(blockBytes + digestBytes, 0x5c);
  for (const [i, byte] of bytes.entries()) {
    innerPad[i] = byte ^ 0x36;
    outer[i] = byte ^ 0x5c;
  }
  return { innerPad, outer };
}
