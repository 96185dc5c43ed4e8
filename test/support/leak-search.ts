import type { Transform } from 'node:stream';
import { createBrotliDecompress, createInflate, createInflateRaw, createZstdDecompress } from 'node:zlib';
import { BytePatterns } from './byte-patterns.ts';
import { formsOf } from './needle-forms.ts';

const gzipMagic = Buffer.from([0x1f, 0x8b, 0x08]);
const zstdMagic = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** All that a decompressor gives before it meets the end, other bytes or a cut. */
function unpack(stream: Transform, bytes: Buffer): Promise<Buffer> {
  const parts: Buffer[] = [];
  return new Promise((resolve) => {
    const finish = () => resolve(Buffer.concat(parts));
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.on('end', finish);
    stream.on('error', finish);
    stream.end(bytes);
  });
}

/** Length of the gzip header that starts `bytes` (RFC 1952 section 2.3). */
function gzipHeaderLength(bytes: Buffer): number {
  const flags = bytes[3] ?? 0;
  let at = 10;
  if (flags & 0x04) at += 2 + (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0);
  for (const flag of [0x08, 0x10]) if (flags & flag) at = bytes.indexOf(0, at) + 1;
  return flags & 0x02 ? at + 2 : at;
}

/** The bytes themselves, then whatever unpacks from each gzip or zstd stream that starts in them, and of the whole as zlib or brotli. */
export async function* layersOf(bytes: Buffer): AsyncGenerator<{ layer: string; bytes: Buffer }> {
  yield { layer: 'raw', bytes };
  for (const { layer, magic, create, skip } of [
    // Raw inflate stops at the end of its stream, where gunzip would fail on what follows and give nothing.
    { layer: 'gzip', magic: gzipMagic, create: () => createInflateRaw(), skip: gzipHeaderLength },
    { layer: 'zstd', magic: zstdMagic, create: () => createZstdDecompress(), skip: () => 0 },
  ]) {
    for (let at = bytes.indexOf(magic); at !== -1; at = bytes.indexOf(magic, at + 1)) {
      const part = bytes.subarray(at);
      yield { layer, bytes: await unpack(create(), part.subarray(skip(part))) };
    }
  }
  yield { layer: 'zlib', bytes: await unpack(createInflate(), bytes) };
  yield { layer: 'brotli', bytes: await unpack(createBrotliDecompress(), bytes) };
}

export interface LeakHit {
  /** Index of the planted value, never the value: a failing test must not print it either. */
  readonly value: number;
  readonly form: string;
  readonly place: string;
}

/** A set of planted values, searched for in every form. */
export class LeakSearch {
  readonly #needles: readonly { readonly value: number; readonly form: string }[];
  readonly #patterns: BytePatterns;

  /** @param values at least 6 bytes each: shorter ones occur by chance */
  constructor(values: readonly (string | Buffer)[]) {
    const needles = values.flatMap((value, index) => {
      if (Buffer.byteLength(value) < 6) throw new Error(`planted value ${index} is too short to search for`);
      return formsOf(value).map(({ form, bytes }) => ({ value: index, form, bytes }));
    });
    this.#needles = needles.map(({ value, form }) => ({ value, form }));
    this.#patterns = new BytePatterns(needles.map(({ bytes }) => bytes));
  }

  /** Hits in `bytes` and in whatever is compressed inside. */
  async search(place: string, bytes: Buffer): Promise<LeakHit[]> {
    const hits: LeakHit[] = [];
    for await (const { layer, bytes: part } of layersOf(bytes)) {
      for (const index of this.#patterns.search(part)) {
        const needle = this.#needles[index];
        if (needle) hits.push({ ...needle, place: `${place} (${layer})` });
      }
    }
    return hits;
  }
}
