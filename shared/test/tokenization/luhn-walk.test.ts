import { createSecretKey } from 'node:crypto';
import { aesEcbEncryptor } from '@sdp/shared/crypto';
import { createFf1 } from '@sdp/shared/tokenization';
import { describe, expect, test } from 'vitest';
import { luhnWalk } from '../../src/tokenization/luhn-walk.ts';

/** Luhn's checksum as ISO/IEC 7812-1 tells it, apart from the product's. */
function isLuhnValid(text: string): boolean {
  const sum = Array.from(text)
    .reverse()
    .map((sign, i) => (i % 2 === 0 ? Number(sign) : Number('0246813579'[Number(sign)])))
    .reduce((a, b) => a + b, 0);
  return sum % 10 === 0;
}

describe('the walk around Luhn-valid numbers', () => {
  test.each([
    [4, 0],
    [5, 0],
    [5, 7],
  ])(
    'of %i digits with %i spared maps all it takes one to one onto all that are not valid, and back',
    (length, spare) => {
      const encryptBlocks = aesEcbEncryptor(createSecretKey(Buffer.alloc(16, length + spare)));
      const walk = luhnWalk(createFf1({ encryptBlocks, radix: 10, smallestDomain: 100 }), spare);
      const all = Array.from({ length: 10 ** length }, (_, i) => String(i).padStart(length, '0'));
      const inputs = all.filter((text) => text[0] !== String(spare));
      for (const text of all) {
        const digits = Uint16Array.from(text, Number);
        expect(walk.takes(digits, 0)).toBe(text[0] !== String(spare));
        expect(walk.gives(digits, 0, length)).toBe(!isLuhnValid(text));
      }
      const digits = Uint16Array.from(inputs.join(''), Number);
      walk.encrypt(digits, length);
      const joined = digits.join('');
      const results = inputs.map((_, i) => joined.slice(i * length, (i + 1) * length));
      expect(new Set(results)).toEqual(new Set(all.filter((text) => !isLuhnValid(text))));
      walk.decrypt(digits, length);
      expect(digits.join('')).toBe(inputs.join(''));
    },
  );

  test('takes any permutation: one that does nothing, and one that only turns round', () => {
    for (const permute of [() => {}, (digits: Uint16Array) => void digits.reverse()]) {
      const walk = luhnWalk({ encrypt: permute, decrypt: permute }, 0);
      const results = new Set<string>();
      for (let i = 1_000; i < 10_000; i += 1) {
        const digits = Uint16Array.from(String(i), Number);
        walk.encrypt(digits, 4);
        expect(isLuhnValid(digits.join(''))).toBe(false);
        results.add(digits.join(''));
        walk.decrypt(digits, 4);
        expect(digits.join('')).toBe(String(i));
      }
      expect(results.size).toBe(9_000);
    }
  });
});
