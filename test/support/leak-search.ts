import type { Transform } from 'node:stream';
import { createBrotliDecompress, createInflate, createInflateRaw, createZstdDecompress } from 'node:zlib';

/** One way in which a value can hide in a byte stream. */
export interface NeedleForm {
  readonly form: string;
  readonly bytes: Buffer;
}

export interface LeakHit {
  /** Index of the planted value, never the value: a failing test must not print it either. */
  readonly value: number;
  readonly form: string;
  readonly place: string;
}

/** Base64 of a value inside a longer text depends on its offset modulo 3; the outer characters depend on the neighbours. */
function base64Cores(value: Buffer, encoding: 'base64' | 'base64url'): Buffer[] {
  return [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), value])
      .toString(encoding)
      .replace(/=+$/, '');
    const skip = shift === 0 ? 0 : shift + 1;
    const spill = (shift + value.length) % 3;
    return Buffer.from(text.slice(skip, spill === 0 ? undefined : -1));
  });
}

function jsonEscaped(value: string): string {
  return JSON.stringify(value).slice(1, -1);
}

function asciiEscaped(value: string): string {
  return jsonEscaped(value).replace(/[^ -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Plain, JSON (both escapings), base64 and base64url at each alignment, hex, percent, form, UTF-16 in both byte orders. */
export function formsOf(value: string): NeedleForm[] {
  const utf8 = Buffer.from(value);
  const utf16 = Buffer.from(value, 'utf16le');
  const percent = encodeURIComponent(value);
  const forms: [string, Buffer | string][] = [
    ['plain', utf8],
    ['latin1', Buffer.from(value, 'latin1')],
    ['json', jsonEscaped(value)],
    ['json-ascii', asciiEscaped(value)],
    ['hex', utf8.toString('hex')],
    ['hex-upper', utf8.toString('hex').toUpperCase()],
    ['percent', percent],
    ['percent-lower', percent.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())],
    ['form', new URLSearchParams({ v: value }).toString().slice(2)],
    ['utf16le', utf16],
    ['utf16be', Buffer.from(utf16).swap16()],
    ['csv', value.replaceAll('"', '""')],
    ...base64Cores(utf8, 'base64').map((core, shift): [string, Buffer] => [`base64+${shift}`, core]),
    ...base64Cores(utf8, 'base64url').map((core, shift): [string, Buffer] => [`base64url+${shift}`, core]),
    ...base64Cores(utf16, 'base64').map((core, shift): [string, Buffer] => [`utf16-base64+${shift}`, core]),
  ];
  const seen = new Set<string>();
  const unique: NeedleForm[] = [];
  for (const [form, raw] of forms) {
    const bytes = typeof raw === 'string' ? Buffer.from(raw) : raw;
    const key = bytes.toString('hex');
    if (seen.has(key)) continue;
    seen.add(key);
    unique.push({ form, bytes });
  }
  return unique;
}

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

/** A set of planted values, searched for in every form. */
export class LeakSearch {
  readonly #needles: readonly { value: number; forms: NeedleForm[] }[];

  /** @param values at least 6 bytes each: shorter ones occur by chance */
  constructor(values: readonly string[]) {
    this.#needles = values.map((value, index) => {
      if (Buffer.byteLength(value) < 6) throw new Error(`planted value ${index} is too short to search for`);
      return { value: index, forms: formsOf(value) };
    });
  }

  /** Hits in `bytes` and in whatever is compressed inside. */
  async search(place: string, bytes: Buffer): Promise<LeakHit[]> {
    const hits: LeakHit[] = [];
    for await (const { layer, bytes: part } of layersOf(bytes)) {
      for (const { value, forms } of this.#needles) {
        for (const { form, bytes: needle } of forms) {
          if (part.includes(needle)) hits.push({ value, form, place: `${place} (${layer})` });
        }
      }
    }
    return hits;
  }
}
