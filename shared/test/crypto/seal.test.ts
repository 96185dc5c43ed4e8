import { createSecretKey } from 'node:crypto';
import {
  generateKey,
  lengthPrefixed,
  maxEncryptionsPerKey,
  openBlob,
  SealingKey,
  sealBlob,
  unwrapKey,
  wrapKey,
} from '@sdp/shared/crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const key = generateKey();
const aad = lengthPrefixed('place', 1);

describe('sealing', () => {
  test('opens what it sealed, of any length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5_000 }), fc.uint8Array({ maxLength: 100 }), (plaintext, place) => {
        const blob = sealBlob(key, place, plaintext);
        expect(openBlob(key, place, blob)).toEqual(Buffer.from(plaintext));
      }),
      { numRuns: 50 },
    );
  });

  test('does not open with a bit changed, at any offset of nonce, ciphertext and tag', () => {
    const blob = sealBlob(key, aad, Buffer.from('a value of some length'));
    for (const part of ['nonce', 'sealed'] as const) {
      for (let bit = 0; bit < blob[part].length * 8; bit++) {
        const changed = Buffer.from(blob[part]);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(openBlob(key, aad, { ...blob, [part]: changed }), `${part}, bit ${bit}`).toBeUndefined();
      }
    }
  });

  test('does not open in another place, with another key, cut short or empty', () => {
    const blob = sealBlob(key, aad, Buffer.from('value'));
    expect(openBlob(key, lengthPrefixed('place', 2), blob)).toBeUndefined();
    expect(openBlob(generateKey(), aad, blob)).toBeUndefined();
    for (let length = 0; length < blob.sealed.length; length++) {
      expect(openBlob(key, aad, { ...blob, sealed: blob.sealed.subarray(0, length) })).toBeUndefined();
    }
    expect(openBlob(key, aad, { ...blob, nonce: blob.nonce.subarray(0, 11) })).toBeUndefined();
  });

  test('never uses a nonce twice', () => {
    const seen = new Set<string>();
    for (let i = 0; i < 10_000; i++) seen.add(Buffer.from(sealBlob(key, aad, Buffer.alloc(0)).nonce).toString('hex'));
    expect(seen.size).toBe(10_000);
  });

  test('takes AES keys only', () => {
    expect(() => sealBlob(createSecretKey(Buffer.alloc(20)), aad, Buffer.alloc(1))).toThrow(RangeError);
  });

  test('wraps keys, bound to their place', () => {
    const wrapped = wrapKey(key, aad, createSecretKey(Buffer.alloc(32, 9)));
    expect(unwrapKey(key, aad, wrapped)?.export()).toEqual(Buffer.alloc(32, 9));
    expect(unwrapKey(key, lengthPrefixed('elsewhere'), wrapped)).toBeUndefined();
  });
});

describe('SealingKey', () => {
  test('counts what it seals, from where it left off, and not what it opens', () => {
    const counted = new SealingKey(key, 41);
    const blob = counted.seal(aad, Buffer.from('x'));
    expect(counted.open(aad, blob)?.toString()).toBe('x');
    expect(counted.encryptions).toBe(42);
  });

  test('stops at its cap', () => {
    const counted = new SealingKey(key, 2, 3);
    counted.seal(aad, Buffer.from('x'));
    expect(() => counted.seal(aad, Buffer.from('x'))).toThrow(expect.objectContaining({ code: 'key-exhausted' }));
    expect(counted.encryptions).toBe(3);
  });

  test('stops at 2^32 where nothing else is said, and takes no higher cap', () => {
    const counted = new SealingKey(key, maxEncryptionsPerKey);
    expect(() => counted.seal(aad, Buffer.from('x'))).toThrow(expect.objectContaining({ code: 'key-exhausted' }));
    expect(() => new SealingKey(key, 0, maxEncryptionsPerKey + 1)).toThrow(RangeError);
  });
});
