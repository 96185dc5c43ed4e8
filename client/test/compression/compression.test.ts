import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CompressingSink,
  type Compression,
  compressionByMagic,
  compressionByName,
  decompress,
} from '../../src/compression/index.ts';
import { inChunks } from '../support/csv-bytes.ts';

const formats: readonly Compression[] = ['gzip', 'zstd'];
const pack = (format: Compression, bytes: Uint8Array) =>
  format === 'gzip' ? gzipSync(bytes) : zstdCompressSync(bytes);

async function unpack(bytes: Uint8Array, format: Compression, chunk = 1 << 20): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of decompress(inChunks(bytes, chunk), format)) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

async function packed(format: Compression, pieces: readonly Uint8Array[], cutAfter: ReadonlySet<number> = new Set()) {
  const parts: Buffer[] = [];
  const sink = new CompressingSink({ write: async (part) => void parts.push(Buffer.from(part)) }, format);
  for (const [index, piece] of pieces.entries()) {
    await sink.write(piece);
    if (cutAfter.has(index)) await sink.endFrame(false);
  }
  await sink.endFrame(true);
  return Buffer.concat(parts);
}

const text = (size: number) =>
  Buffer.from(Array.from({ length: size / 8 }, (_, at) => `${(at * 7919) % 9973},x\r\n`).join(''));

describe.each(formats)('%s', (format) => {
  test('reads one part and several, at every chunking', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 40 }),
        async (pieces, chunk) => {
          const bytes = Buffer.concat(pieces.map((piece) => pack(format, piece)));
          expect((await unpack(bytes, format, chunk)).equals(Buffer.concat(pieces))).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('finds every cut', async () => {
    const whole = Buffer.concat([pack(format, text(2_000)), pack(format, text(400))]);
    const boundary = pack(format, text(2_000)).length;
    for (let end = 1; end < whole.length; end++) {
      if (end === boundary) continue;
      await expect(unpack(whole.subarray(0, end), format), `cut at ${end}`).rejects.toMatchObject({
        code: 'compression-invalid',
      });
    }
  });

  test('finds bytes that are none of its own behind the end, but for a tape’s zeros behind gzip', async () => {
    const part = pack(format, text(800));
    const with_ = (tail: Uint8Array) => unpack(Buffer.concat([part, tail]), format, 64);
    await expect(with_(Buffer.from('tail'))).rejects.toMatchObject({ code: 'compression-invalid' });
    await expect(with_(Buffer.concat([Buffer.alloc(512), part]))).rejects.toMatchObject({
      code: 'compression-invalid',
    });
    if (format === 'gzip') expect((await with_(Buffer.alloc(512))).equals(text(800))).toBe(true);
  });

  test('never gives other bytes than were packed, whichever bit is flipped', async () => {
    const expected = text(1_200);
    const whole = await packed(format, [expected]);
    for (let at = 0; at < whole.length * 8; at += 3) {
      const damaged = Buffer.from(whole);
      damaged[at >> 3] = (damaged[at >> 3] as number) ^ (1 << (at & 7));
      const given = await unpack(damaged, format).catch(() => undefined);
      if (given !== undefined) expect(given.equals(expected), `bit ${at}`).toBe(true);
    }
  });

  test('writes what other readers read, the same however the text arrives', async () => {
    const all = text(1_000_000);
    const whole = await packed(format, [all]);
    const inPieces = await packed(format, [all.subarray(0, 10), all.subarray(10, 300_000), all.subarray(300_000)]);
    expect(inPieces.equals(whole)).toBe(true);
    expect((format === 'gzip' ? gunzipSync(whole) : zstdDecompressSync(whole)).equals(all)).toBe(true);
    expect(compressionByMagic(whole)).toBe(format);
  });

  test('begins anew behind a cut, so that both parts stand for themselves', async () => {
    const all = text(600_000);
    const pieces = [all.subarray(0, 350_000), all.subarray(350_000)];
    const cut = await packed(format, pieces, new Set([0]));
    const first = await packed(format, [pieces[0] as Buffer]);
    const second = await packed(format, [pieces[1] as Buffer]);
    expect(cut.equals(Buffer.concat([first, second]))).toBe(true);
    expect((await unpack(cut, format)).equals(all)).toBe(true);
  });

  test('packs an empty text', async () => {
    const empty = await packed(format, []);
    expect(empty.length).toBeGreaterThan(0);
    expect((await unpack(empty, format)).length).toBe(0);
  });

  test('stops at a sink that fails', async () => {
    const sink = new CompressingSink({ write: () => Promise.reject(new Error('full')) }, format);
    await expect(sink.write(text(4_000_000)).then(() => sink.endFrame(true))).rejects.toThrow('full');
  });
});

test('unpacks a bomb in pieces', async () => {
  const bomb = gzipSync(Buffer.alloc(64 << 20));
  let largest = 0;
  let total = 0;
  for await (const part of decompress(inChunks(bomb, 1 << 16), 'gzip')) {
    largest = Math.max(largest, part.length);
    total += part.length;
  }
  expect(total).toBe(64 << 20);
  expect(largest).toBeLessThanOrEqual(1 << 18);
});

test('skips frames that are to be skipped', async () => {
  const skipped = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  const bytes = Buffer.concat([skipped, zstdCompressSync(text(80)), skipped]);
  expect(compressionByMagic(bytes)).toBe('zstd');
  expect((await unpack(bytes, 'zstd', 5)).equals(text(80))).toBe(true);
});

test('knows names', () => {
  expect(['a.csv', 'a.csv.gz', 'b.NDJSON.GZ', 'c.zst', 'd.zstd'].map(compressionByName)).toEqual([
    'none',
    'gzip',
    'gzip',
    'zstd',
    'zstd',
  ]);
});
