import { randomBytes } from 'node:crypto';
import { generateMasterKeyText, parseMasterKey } from '@sdp/shared/crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBackupKeys } from '../../src/backup/backup-keys.ts';
import { chunkBytes, headerBytes, openObject, sealObject } from '../../src/backup/sealed-object.ts';

const keys = createBackupKeys(parseMasterKey(generateMasterKeyText()));
const name = '20261122/20261122T010203004Z-logs-0-5-9-g1.json.zst.sealed';
const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'opened';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
};

describe('a sealed object', () => {
  it('opens to what was sealed, at every length around a chunk', () => {
    for (const length of [0, 1, 100, chunkBytes - 1, chunkBytes, chunkBytes + 1, 3 * chunkBytes, 3 * chunkBytes + 7]) {
      const content = randomBytes(length);
      const sealed = sealObject(keys, name, content);
      expect(openObject(keys, name, sealed).equals(content)).toBe(true);
      if (length > 0) expect(sealed.includes(content.subarray(0, 32))).toBe(false);
    }
  });

  it('is the same for the same content and name, and has nothing in common for another', () => {
    const content = randomBytes(chunkBytes + 100);
    const sealed = sealObject(keys, name, content);
    expect(sealObject(keys, name, content).equals(sealed)).toBe(true);
    for (const other of [
      sealObject(keys, name.replace('-5-', '-4-'), content),
      sealObject(keys, name, Buffer.concat([content.subarray(1), content.subarray(0, 1)])),
      sealObject(createBackupKeys(parseMasterKey(generateMasterKeyText())), name, content),
    ]) {
      const [body, otherBody] = [sealed, other].map((bytes) => bytes.subarray(headerBytes, headerBytes + chunkBytes));
      // The keystream of one key under one nonce would show here.
      expect(body?.equals(otherBody ?? Buffer.alloc(0))).toBe(false);
      expect(other.subarray(headerBytes - 32, headerBytes)).not.toEqual(sealed.subarray(headerBytes - 32, headerBytes));
    }
  });

  it('does not open with one bit of it changed, wherever that is', () => {
    const sealed = sealObject(keys, name, randomBytes(chunkBytes + 50));
    const places = fc.oneof(
      fc.integer({ min: 0, max: headerBytes - 1 }),
      fc.integer({ min: headerBytes, max: sealed.length - 1 }),
      // Tags of the first and the last chunk.
      fc.integer({ min: headerBytes + chunkBytes, max: headerBytes + chunkBytes + 15 }),
      fc.integer({ min: sealed.length - 16, max: sealed.length - 1 }),
    );
    fc.assert(
      fc.property(places, fc.integer({ min: 0, max: 7 }), (at, bit) => {
        const changed = Buffer.from(sealed);
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        expect(codeOf(() => openObject(keys, name, changed))).toMatch(/^backup-(tampered|key-unknown)$/);
      }),
      { numRuns: 300 },
    );
  });

  it('does not open cut off, lengthened, with chunks left out, doubled or moved, or under another name', () => {
    const sealed = sealObject(keys, name, randomBytes(3 * chunkBytes + 50));
    const chunk = chunkBytes + 16;
    const part = (from: number, to?: number) =>
      sealed.subarray(headerBytes + from * chunk, to === undefined ? undefined : headerBytes + to * chunk);
    const head = sealed.subarray(0, headerBytes);
    const wrong = [
      ...[0, 10, headerBytes, headerBytes + 15, headerBytes + 16].map((length) => sealed.subarray(0, length)),
      // At the edge of a chunk, where all that is left would open but for the mark of the last.
      ...[1, 2, 3].map((chunks) => sealed.subarray(0, headerBytes + chunks * chunk)),
      sealed.subarray(0, -1),
      Buffer.concat([sealed, Buffer.alloc(1)]),
      Buffer.concat([sealed, sealed.subarray(headerBytes)]),
      Buffer.concat([head, part(1)]),
      Buffer.concat([head, part(0, 1), part(2)]),
      Buffer.concat([head, part(0, 1), part(0, 1), part(2)]),
      Buffer.concat([head, part(1, 2), part(0, 1), part(2)]),
    ];
    for (const bytes of wrong) expect(codeOf(() => openObject(keys, name, bytes))).toBe('backup-tampered');
    expect(codeOf(() => openObject(keys, name.replace('-g1', '-g2'), sealed))).toBe('backup-tampered');
    const others = createBackupKeys(parseMasterKey(generateMasterKeyText()));
    expect(codeOf(() => openObject(others, name, sealed))).toBe('backup-key-unknown');
  });
});
