import { createSecretKey } from 'node:crypto';
import { aesEcbEncryptor } from '@sdp/shared/crypto';
import { createFf1 } from '@sdp/shared/tokenization';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { remainder } from '../../src/tokenization/ff1-fast-rounds.ts';
import { naiveFf1 } from '../support/naive-ff1.ts';

const keyBytes = fc.constantFrom(16, 24, 32).chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
const radix = fc.oneof(
  fc.constantFrom(2, 3, 10, 26, 36, 62, 255, 256, 257, 65_535, 65_536),
  fc.integer({ min: 2, max: 65_536 }),
);
const tweak = fc.uint8Array({ maxLength: 40 });

/** Texts of one length: random ones, and those at the edges of a half. */
const texts = fc
  .tuple(radix, fc.integer({ min: 2, max: 60 }))
  .filter(([r, length]) => r ** length >= 1_000_000)
  .chain(([r, length]) =>
    fc.record({
      radix: fc.constant(r),
      length: fc.constant(length),
      values: fc.array(
        fc.array(fc.oneof(fc.constantFrom(0, r - 1), fc.nat(r - 1)), { minLength: length, maxLength: length }),
        { minLength: 1, maxLength: 4 },
      ),
    }),
  );

describe('FF1', () => {
  test('gives what the plain implementation of the standard gives, both ways, for any radix, length, key and tweak', () => {
    fc.assert(
      fc.property(keyBytes, tweak, texts, (bytes, t, { radix: r, length, values }) => {
        const key = createSecretKey(bytes);
        const ff1 = createFf1({ encryptBlocks: aesEcbEncryptor(key), radix: r, tweak: t });
        const numerals = Uint16Array.from(values.flat());
        ff1.encrypt(numerals, length);
        expect(Array.from(numerals)).toEqual(values.flatMap((value) => naiveFf1(key, r, t, value, 'encrypt')));
        ff1.decrypt(numerals, length);
        expect(Array.from(numerals)).toEqual(values.flat());
        ff1.decrypt(numerals, length);
        expect(Array.from(numerals)).toEqual(values.flatMap((value) => naiveFf1(key, r, t, value, 'decrypt')));
      }),
      { numRuns: 150 },
    );
  });

  test('does not depend on which texts go through the rounds together, however many', () => {
    const key = createSecretKey(Buffer.alloc(32, 5));
    const ff1 = createFf1({ encryptBlocks: aesEcbEncryptor(key), radix: 10 });
    const length = 9;
    const count = 9_001;
    const all = Uint16Array.from({ length: count * length }, (_, i) => (i * 7 + (i >> 3)) % 10);
    const apart = all.slice();
    ff1.encrypt(all, length);
    for (let from = 0, size = 1; from < count; from += size, size = (size * 3) % 1_009) {
      ff1.encrypt(apart.subarray(from * length, Math.min(count, from + size) * length), length);
    }
    expect(apart).toEqual(all);
  });

  test('is a permutation: a whole domain of a million texts comes out without a repetition', () => {
    const key = createSecretKey(Buffer.alloc(16, 9));
    const ff1 = createFf1({ encryptBlocks: aesEcbEncryptor(key), radix: 1_000, smallestDomain: 1_000_000 });
    const all = new Uint16Array(2_000_000);
    for (let i = 0; i < 1_000_000; i += 1) all.set([Math.floor(i / 1_000), i % 1_000], i * 2);
    ff1.encrypt(all, 2);
    const seen = new Uint8Array(1_000_000);
    for (let i = 0; i < all.length; i += 2) seen[(all[i] as number) * 1_000 + (all[i + 1] as number)] = 1;
    expect(seen.every((mark) => mark === 1)).toBe(true);
  });

  test('carries remainders exactly, next to multiples of the modulus too', () => {
    const modulus = fc.oneof(fc.integer({ min: 2, max: 2 ** 37 }), fc.constantFrom(10 ** 8, 10 ** 11, 2 ** 37 - 1, 3));
    fc.assert(
      fc.property(modulus, fc.maxSafeNat(), fc.constantFrom(-1, 0, 1), (m, near, offset) => {
        const value = Math.max(0, Math.min(Number.MAX_SAFE_INTEGER, Math.floor(near / m) * m + offset));
        expect(remainder(value, m, 1 / m)).toBe(value % m);
      }),
      { numRuns: 5_000 },
    );
  });

  test.each([
    [10, 6],
    [26, 5],
    [36, 4],
    [62, 4],
    [2, 20],
    [1_000, 2],
    [999, 3],
  ])('radix %i needs %i numerals: radix to that power is a million at least', (r, shortest) => {
    const ff1 = createFf1({ encryptBlocks: aesEcbEncryptor(createSecretKey(Buffer.alloc(16))), radix: r });
    expect(ff1.shortest).toBe(shortest);
    expect(() => ff1.encrypt(new Uint16Array(shortest - 1), shortest - 1)).toThrow(RangeError);
    expect(() => ff1.encrypt(new Uint16Array(shortest), shortest)).not.toThrow();
  });

  test('refuses what is no text of the radix, and radices and keys outside of the standard', () => {
    const encryptBlocks = aesEcbEncryptor(createSecretKey(Buffer.alloc(16)));
    const ff1 = createFf1({ encryptBlocks, radix: 10 });
    expect(() => ff1.encrypt(Uint16Array.of(1, 2, 3, 4, 5, 10), 6)).toThrow(RangeError);
    expect(() => ff1.decrypt(Uint16Array.of(1, 2, 3, 4, 5, 6, 7), 6)).toThrow(RangeError);
    expect(() => ff1.encrypt(new Uint16Array(1_025), 1_025)).toThrow(RangeError);
    for (const bad of [0, 1, 1.5, 65_537, Number.NaN]) {
      expect(() => createFf1({ encryptBlocks, radix: bad })).toThrow(RangeError);
    }
    for (const size of [0, 8, 15, 33]) {
      expect(() => aesEcbEncryptor(createSecretKey(Buffer.alloc(Math.max(1, size))))).toThrow(RangeError);
    }
  });
});
