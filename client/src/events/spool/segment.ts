import type { KeyObject } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { deriveKey, type MasterKey } from '@sdp/shared/crypto';
import { type FrameHeader, frameHeaderBytes, openFrame, readFrameHeader, sealFrame } from './frame.ts';

const magic = Buffer.from('SDPSPL1\n', 'latin1');
/** Magic (8), spool id (16), number of the segment (8). */
export const segmentHeaderBytes = 32;

/** What the frames of one file are sealed for. */
export interface SegmentIdentity {
  readonly masterKey: MasterKey;
  readonly spoolId: string;
  readonly number: number;
}

/** A frame that was opened. */
export interface OpenedFrame extends Omit<FrameHeader, 'sealedBytes'> {
  readonly text: Buffer;
  /** Where the next one starts. */
  readonly end: number;
}

/** Why there is no frame at an offset. */
export type NoFrame = 'end' | 'damaged';

/**
 * One file of sealed frames that only grows. Each file has a key of its own, so that no key comes near the number of times
 * that it may seal.
 */
export class Segment {
  readonly number: number;
  readonly path: string;
  readonly #identity: SegmentIdentity;
  readonly #key: KeyObject;
  readonly #handle: FileHandle;
  #bytes: number;

  private constructor(path: string, identity: SegmentIdentity, handle: FileHandle, bytes: number) {
    this.path = path;
    this.number = identity.number;
    this.#identity = identity;
    this.#key = deriveKey(identity.masterKey, 'event-spool-segment-v1', identity.spoolId, String(identity.number));
    this.#handle = handle;
    this.#bytes = bytes;
  }

  /** Makes the file, and has it on the disk. Its owner alone may read it. */
  static async create(path: string, identity: SegmentIdentity): Promise<Segment> {
    const handle = await open(path, 'wx+', 0o600);
    try {
      await handle.write(headerOf(identity), 0, segmentHeaderBytes, 0);
      await handle.datasync();
      return new Segment(path, identity, handle, segmentHeaderBytes);
    } catch (error) {
      await handle.close();
      // On a full disk a file can be made, and not be written to: the next attempt would find it in its way.
      await unlink(path).catch(() => undefined);
      throw error;
    }
  }

  /** @returns `undefined` for a file that ends within its header, as one does whose making was cut off */
  static async open(path: string, identity: SegmentIdentity): Promise<Segment | 'damaged' | undefined> {
    const handle = await open(path, 'r+');
    const { size } = await handle.stat();
    const header = Buffer.alloc(segmentHeaderBytes);
    const { bytesRead } = await handle.read(header, 0, segmentHeaderBytes, 0);
    if (bytesRead === segmentHeaderBytes && header.equals(headerOf(identity))) {
      return new Segment(path, identity, handle, size);
    }
    await handle.close();
    // After a power cut there may be zeros where nothing was written yet.
    return bytesRead < segmentHeaderBytes || header.every((byte) => byte === 0) ? undefined : 'damaged';
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Durable once it resolves; if it fails, the file is as it was. */
  async append(header: Omit<FrameHeader, 'sealedBytes'>, text: Uint8Array): Promise<void> {
    const frame = sealFrame(this.#key, this.#place(this.#bytes), header, text);
    try {
      for (let at = 0; at < frame.length; ) {
        at += (await this.#handle.write(frame, at, frame.length - at, this.#bytes + at)).bytesWritten;
      }
      await this.#handle.datasync();
    } catch (error) {
      await this.#handle.truncate(this.#bytes).catch(() => undefined);
      throw error;
    }
    this.#bytes += frame.length;
  }

  /** The header of the frame at an offset, without opening it. */
  async headerAt(offset: number): Promise<(FrameHeader & { readonly end: number }) | NoFrame> {
    if (offset >= this.#bytes) return 'end';
    const bytes = Buffer.alloc(frameHeaderBytes);
    const { bytesRead } = await this.#handle.read(bytes, 0, frameHeaderBytes, offset);
    const header = readFrameHeader(bytes.subarray(0, bytesRead));
    if (header === undefined) return 'damaged';
    const end = offset + frameHeaderBytes + header.sealedBytes;
    return end > this.#bytes ? 'damaged' : { ...header, end };
  }

  async read(offset: number): Promise<OpenedFrame | NoFrame> {
    const header = await this.headerAt(offset);
    if (typeof header === 'string') return header;
    const bytes = Buffer.allocUnsafe(header.end - offset);
    const { bytesRead } = await this.#handle.read(bytes, 0, bytes.length, offset);
    const text = bytesRead === bytes.length ? openFrame(this.#key, this.#place(offset), bytes) : undefined;
    if (text === undefined) return 'damaged';
    return { first: header.first, count: header.count, text, end: header.end };
  }

  /** Cuts off what stands behind the last whole frame. */
  async cut(bytes: number): Promise<void> {
    await this.#handle.truncate(bytes);
    await this.#handle.datasync();
    this.#bytes = bytes;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  #place(offset: number) {
    return { spoolId: this.#identity.spoolId, segment: this.number, offset };
  }
}

function headerOf({ spoolId, number }: SegmentIdentity): Buffer {
  const header = Buffer.alloc(segmentHeaderBytes);
  magic.copy(header);
  Buffer.from(spoolId, 'hex').copy(header, magic.length);
  header.writeBigUInt64BE(BigInt(number), 24);
  return header;
}
