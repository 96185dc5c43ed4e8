import type { KeyObject } from 'node:crypto';
import { lengthPrefixed, nonceBytes, openBlob, sealBlobInto, tagBytes } from '@sdp/shared/crypto';

/** Length of what is sealed (4), first sequence number (8), number of events (4), nonce (12). */
export const frameHeaderBytes = 16 + nonceBytes;

/** No frame is larger: a length beyond it is damage, and is not believed. */
export const maxFrameBytes = 64 * 1024 * 1024;

/** Where a frame stands: sealed into it, so that it opens in no other place. */
export interface FramePlace {
  readonly spoolId: string;
  /** Number of the segment. */
  readonly segment: number;
  /** Of the frame's first byte in the segment's file. */
  readonly offset: number;
}

export interface FrameHeader {
  readonly sealedBytes: number;
  /** Sequence number of the first event. */
  readonly first: number;
  readonly count: number;
}

/** Seals some events as one frame: header, then AES-256-GCM under the segment's key. */
export function sealFrame(
  key: KeyObject,
  place: FramePlace,
  { first, count }: Omit<FrameHeader, 'sealedBytes'>,
  text: Uint8Array,
): Buffer {
  const bytes = Buffer.allocUnsafe(frameHeaderBytes + text.length + tagBytes);
  bytes.writeUInt32BE(text.length + tagBytes, 0);
  bytes.writeBigUInt64BE(BigInt(first), 4);
  bytes.writeUInt32BE(count, 12);
  sealBlobInto(key, aadOf(place, { first, count }), text, { bytes, nonceAt: 16, sealedAt: frameHeaderBytes });
  return bytes;
}

/** @returns `undefined` for what can be no header of a frame */
export function readFrameHeader(bytes: Buffer): FrameHeader | undefined {
  if (bytes.length < frameHeaderBytes) return undefined;
  const sealedBytes = bytes.readUInt32BE(0);
  const first = Number(bytes.readBigUInt64BE(4));
  const count = bytes.readUInt32BE(12);
  const possible = sealedBytes >= tagBytes && sealedBytes <= maxFrameBytes && Number.isSafeInteger(first);
  return possible ? { sealedBytes, first, count } : undefined;
}

/** What a frame holds; `undefined` if a bit of it, its place or the key isn't what it was. */
export function openFrame(key: KeyObject, place: FramePlace, bytes: Buffer): Buffer | undefined {
  const header = readFrameHeader(bytes);
  if (header === undefined || bytes.length !== frameHeaderBytes + header.sealedBytes) return undefined;
  return openBlob(key, aadOf(place, header), {
    nonce: bytes.subarray(16, frameHeaderBytes),
    sealed: bytes.subarray(frameHeaderBytes),
  });
}

function aadOf(
  { spoolId, segment, offset }: FramePlace,
  { first, count }: Omit<FrameHeader, 'sealedBytes'>,
): Uint8Array {
  return lengthPrefixed('sdp-spool-frame-v1', spoolId, String(segment), String(offset), String(first), String(count));
}
