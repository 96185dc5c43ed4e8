import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lengthSize, OpenedBlock, writeLength } from '../../src/vault/block.ts';
import { GenerationCache } from '../../src/vault/generation-cache.ts';
import { RepetitionCache } from '../../src/vault/repetition-cache.ts';

describe('GenerationCache', () => {
  test('gives what was set or nothing, and holds no more than two generations', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(40), fc.boolean()), { maxLength: 400 }), (steps) => {
        const cache = new GenerationCache<number, string>(10);
        const set = new Set<number>();
        for (const [key, write] of steps) {
          const found = cache.get(key);
          if (found !== undefined) expect(set.has(key) && found === `v${key}`).toBe(true);
          if (write) {
            cache.set(key, `v${key}`);
            set.add(key);
            expect(cache.get(key)).toBe(`v${key}`);
          }
        }
        let held = 0;
        for (let key = 0; key <= 40; key++) if (cache.get(key) !== undefined) held += 1;
        expect(held).toBeLessThanOrEqual(21);
      }),
    );
  });

  test('counts weights', () => {
    const cache = new GenerationCache<number, string>(100);
    for (let key = 0; key < 50; key++) cache.set(key, 'x', 60);
    expect([0, 45, 46, 49].map((key) => cache.get(key) !== undefined)).toEqual([false, false, true, true]);
  });

  test('keeps what is asked for again and again', () => {
    const cache = new GenerationCache<number, string>(10);
    cache.set(-1, 'kept');
    for (let key = 0; key < 1_000; key++) {
      cache.set(key, 'x');
      expect(cache.get(-1)).toBe('kept');
    }
  });
});

describe('RepetitionCache', () => {
  test('rests where values do not repeat, and comes back when they do', () => {
    const cache = new RepetitionCache<string>();
    let rested = false;
    for (let i = 0; i < 100_000; i++) {
      if (cache.get(`distinct ${i}`) === undefined) cache.set(`distinct ${i}`, 'x');
      rested ||= !cache.keeps('x');
    }
    expect(rested).toBe(true);
    let hits = 0;
    for (let i = 0; i < 1_000_000; i++) {
      const key = `repeated ${i % 100}`;
      if (cache.get(key) === undefined) cache.set(key, 'x');
      else hits += 1;
    }
    expect(hits).toBeGreaterThan(300_000);
  });

  test('does not keep long texts', () => {
    const cache = new RepetitionCache<string>();
    cache.set('k'.repeat(300), 'x');
    expect(cache.get('k'.repeat(300))).toBeUndefined();
  });
});

describe('a block', () => {
  const lengths = fc.nat(70_000);

  test('lengths take the bytes they are said to', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), (length) => {
        expect(writeLength(Buffer.alloc(8), 0, length)).toBe(lengthSize(length));
      }),
    );
  });

  test('is parsed as it was laid out', () => {
    fc.assert(
      fc.property(fc.array(lengths, { minLength: 1, maxLength: 128 }), (sizes) => {
        const bytes = Buffer.alloc(1 + sizes.length * 20 + sizes.reduce((sum, size) => sum + size, 0) + 16);
        bytes[0] = sizes.length;
        let at = 1;
        for (const slot of sizes.keys()) at = bytes.fill(slot + 1, at, at + 16) && at + 16;
        for (const size of sizes) at = writeLength(bytes, at, size);
        for (const [slot, size] of sizes.entries()) at = bytes.fill(65 + (slot % 26), at, at + size) && at + size;
        const block = OpenedBlock.parse(bytes.subarray(0, at));
        expect(block?.count).toBe(sizes.length);
        for (const [slot, size] of sizes.entries()) {
          expect(block?.value(slot) === String.fromCharCode(65 + (slot % 26)).repeat(size)).toBe(true);
          expect(block?.holds(slot, Buffer.alloc(16, slot + 1))).toBe(true);
          expect(block?.holds(slot, Buffer.alloc(16, slot + 2))).toBe(false);
        }
        expect(block?.holds(sizes.length, Buffer.alloc(16))).toBe(false);
      }),
      { numRuns: 20 },
    );
  });

  test('any other bytes are no block', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const block = OpenedBlock.parse(Buffer.from(bytes));
        if (block !== undefined) expect(block.count).toBe(bytes[0]);
      }),
    );
    expect(OpenedBlock.parse(Buffer.alloc(0))).toBeUndefined();
    expect(OpenedBlock.parse(Buffer.alloc(50))).toBeUndefined();
  });
});
