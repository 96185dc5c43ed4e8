import { createHmac, createSecretKey } from 'node:crypto';
import { keyedDigest, keyedDigestOfParts, lengthPrefixed } from '@sdp/shared/crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const text = fc.string({ unit: 'grapheme', maxLength: 300 });

test('is HMAC-SHA-256 over the length-prefixed domain and value, whatever came before', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 16, maxLength: 130, size: 'max' }),
      fc.array(text, { maxLength: 3 }),
      fc.array(text, { minLength: 1, maxLength: 20 }),
      (keyBytes, domain, values) => {
        const key = createSecretKey(keyBytes);
        const digest = keyedDigest(key, ...domain);
        for (const value of values) {
          const expected = createHmac('sha256', key)
            .update(lengthPrefixed(...domain, value))
            .digest('hex');
          expect(digest(value)).toBe(expected);
          expect(digest(Buffer.from(value, 'utf8'))).toBe(expected);
        }
      },
    ),
  );
});

test('two digest functions of one key do not disturb each other', () => {
  const key = createSecretKey(Buffer.alloc(32, 1));
  const a = keyedDigest(key, 'a');
  const b = keyedDigest(key, 'b');
  const [first, other] = [a('value'), b('value')];
  expect(first).not.toBe(other);
  b('a longer value in between');
  expect(a('value')).toBe(first);
});

test('length-prefixed encodings of different parts differ', () => {
  const parts = fc.array(fc.oneof(text, fc.nat(), fc.uint8Array({ maxLength: 40 })), { maxLength: 5 });
  const bytesOf = (part: string | number | Uint8Array): string =>
    Buffer.from(part instanceof Uint8Array ? part : String(part)).toString('hex');
  fc.assert(
    fc.property(parts, parts, (left, right) => {
      const same = left.length === right.length && left.every((part, i) => bytesOf(part) === bytesOf(right[i] ?? ''));
      expect(lengthPrefixed(...left).equals(lengthPrefixed(...right))).toBe(same);
    }),
  );
  expect(lengthPrefixed('ab', 'c').equals(lengthPrefixed('a', 'bc'))).toBe(false);
});

test('a value in parts has the digest of the whole', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 80 }),
      fc.array(fc.string({ unit: 'binary', maxLength: 10 }), { maxLength: 3 }),
      fc.array(fc.uint8Array({ maxLength: 3_000 }), { maxLength: 4 }),
      (keyBytes, domain, parts) => {
        const key = createSecretKey(Buffer.from(keyBytes));
        const whole = keyedDigest(key, ...domain)(Buffer.concat(parts));
        const digest = keyedDigestOfParts(key, ...domain);
        expect(digest.hex(...parts)).toBe(whole);
        expect(Buffer.from(digest.latin1(...parts), 'latin1').toString('hex')).toBe(whole);
        const bytes = Buffer.from(whole, 'hex');
        expect(digest.equals(bytes, ...parts)).toBe(true);
        bytes[7] = (bytes[7] ?? 0) ^ 1;
        expect(digest.equals(bytes, ...parts)).toBe(false);
      },
    ),
  );
});
