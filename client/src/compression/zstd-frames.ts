import { InputError } from '@sdp/shared/errors';

const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;

/** What the next bytes are. */
type Field = 'magic' | 'skipSize' | 'skip' | 'descriptor' | 'header' | 'block' | 'content' | 'checksum';

/** A piece of a compressed file that lies within one frame. */
export interface FramePart {
  readonly bytes: Uint8Array;
  readonly endsFrame: boolean;
}

/**
 * Finds where the frames of a zstd file end, by their headers and those of their blocks (RFC 8878, sections 3.1.1 and
 * 3.1.2). Node's decompressor stops at the end of the first frame without a word, which would cut off every file that
 * was written in several.
 */
export class ZstdFrameCutter {
  #state: Field = 'magic';
  /** Bytes of the present field that are still to come, and its value so far (little endian). */
  #left = 4;
  #value = 0;
  #shift = 0;
  #hasChecksum = false;
  #lastBlock = false;

  /** Whether all that was pushed ended with a frame. */
  get isComplete(): boolean {
    return this.#state === 'magic' && this.#left === 4;
  }

  /** @throws {InputError} `compression-invalid` for what is no frame */
  *cut(chunk: Uint8Array): Generator<FramePart> {
    let from = 0;
    for (let at = 0; at < chunk.length; ) {
      const step = Math.min(this.#left, chunk.length - at);
      if (this.#state !== 'skip' && this.#state !== 'content' && this.#state !== 'header') {
        for (let index = 0; index < step; index++, this.#shift += 8) {
          this.#value += (chunk[at + index] as number) * 2 ** this.#shift;
        }
      }
      at += step;
      this.#left -= step;
      while (this.#left === 0) {
        if (!this.#next()) continue;
        yield { bytes: chunk.subarray(from, at), endsFrame: true };
        from = at;
      }
    }
    if (from < chunk.length) yield { bytes: chunk.subarray(from), endsFrame: false };
  }

  /** Goes on to the next field. @returns whether a frame ended */
  #next(): boolean {
    const value = this.#value;
    switch (this.#state) {
      case 'magic':
        if (value === frameMagic) return this.#expect('descriptor', 1);
        if (value - (value % 16) === skippableMagic) return this.#expect('skipSize', 4);
        throw damaged();
      case 'skipSize':
        if (value === 0) return this.#endFrame();
        return this.#expect('skip', value);
      case 'descriptor': {
        const singleSegment = (value & 0x20) !== 0;
        this.#hasChecksum = (value & 0x04) !== 0;
        const contentSizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][value >> 6] as number;
        const dictionaryBytes = [0, 1, 2, 4][value & 3] as number;
        return this.#expect('header', (singleSegment ? 0 : 1) + dictionaryBytes + contentSizeBytes);
      }
      case 'header':
        return this.#expect('block', 3);
      case 'block': {
        const type = (value >> 1) & 3;
        if (type === 3) throw damaged();
        this.#lastBlock = (value & 1) !== 0;
        return this.#expect('content', type === 1 ? 1 : value >> 3);
      }
      case 'content':
        if (!this.#lastBlock) return this.#expect('block', 3);
        return this.#hasChecksum ? this.#expect('checksum', 4) : this.#endFrame();
      default:
        return this.#endFrame();
    }
  }

  #expect(state: Field, byteCount: number): false {
    this.#state = state;
    this.#left = byteCount;
    this.#value = 0;
    this.#shift = 0;
    return false;
  }

  #endFrame(): true {
    this.#expect('magic', 4);
    return true;
  }
}

function damaged(): InputError {
  return new InputError('compression-invalid', { message: 'The input is no valid zstd data all the way' });
}
