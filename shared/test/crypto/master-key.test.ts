import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import {
  constantTimeEqual,
  deriveKey,
  generateMasterKeyText,
  isPublishedKey,
  keyFingerprint,
  parseMasterKey,
  publishedKeys,
  randomId,
} from '@sdp/shared/crypto';
import { describe, expect, test } from 'vitest';

const keyInvalid = expect.objectContaining({ code: 'key-invalid' });

describe('parseMasterKey', () => {
  test('reads what generateMasterKeyText makes, with and without padding', () => {
    const text = generateMasterKeyText();
    const key = parseMasterKey(text);
    expect(key.export()).toEqual(Buffer.from(text, 'base64url'));
    expect(parseMasterKey(text.slice(0, 43)).equals(key)).toBe(true);
  });

  test.each([
    ['nothing', ''],
    ['31 bytes', Buffer.alloc(31).toString('base64url')],
    ['33 bytes', Buffer.alloc(33).toString('base64url')],
    ['the standard alphabet', Buffer.alloc(32, 0xfb).toString('base64')],
    ['hex', Buffer.alloc(32).toString('hex')],
    ['a space inside', `AAAA AAA${'A'.repeat(35)}`],
    ['a line feed at its end', `${'A'.repeat(43)}\n`],
    ['two padding characters', `${'A'.repeat(43)}==`],
    // The last of 43 characters carries two bits that belong to no byte: they must be zero.
    ['spare bits set', `${'A'.repeat(42)}B`],
  ])('refuses %s', (_, text) => {
    expect(() => parseMasterKey(text)).toThrow(keyInvalid);
  });

  test('the error does not repeat the text', () => {
    const secret = 'almost-a-key-pasted-with-its-end-missing';
    try {
      parseMasterKey(secret);
      expect.unreachable();
    } catch (error) {
      expect(inspect(error, { depth: 9 })).not.toContain(secret);
    }
  });

  test('a key shows no bytes when it is logged', () => {
    const text = generateMasterKeyText();
    const key = parseMasterKey(text);
    const shown = `${inspect(key, { showHidden: true, depth: 9 })}${JSON.stringify(key)}${String(key)}`;
    expect(shown).not.toContain(text.slice(0, 20));
    expect(shown).not.toContain(key.export().toString('hex').slice(0, 20));
  });
});

describe('published keys', () => {
  test('every one is recognized, a fresh one is not', () => {
    for (const text of publishedKeys) expect(isPublishedKey(parseMasterKey(text))).toBe(true);
    expect(publishedKeys).toContain(`${'A'.repeat(43)}=`);
    expect(isPublishedKey(parseMasterKey(generateMasterKeyText()))).toBe(false);
  });
});

describe('derived values', () => {
  const master = parseMasterKey(publishedKeys[2] ?? '');

  test('the fingerprint is SHA-256 under its prefix', () => {
    const expected = createHash('sha256').update('sdp-key-fingerprint-v1').update(master.export()).digest('hex');
    expect(keyFingerprint(master)).toBe(expected);
  });

  test('derived keys stay what they are: tokens depend on them', () => {
    expect(keyFingerprint(deriveKey(master, 'token-v1'))).toMatchInlineSnapshot(
      `"b269b02314af81aff77f098e80676d9f80752871ff11ce8f4c07e398ff32ca33"`,
    );
    expect(keyFingerprint(deriveKey(master, 'vault-kek-v1', 'id'))).toMatchInlineSnapshot(
      `"1fa1a85ec7f26427fc7bab076a3415efe00765a89bbabd433175ab0e04d06b56"`,
    );
  });

  test('label and context both matter, and do not run into each other', () => {
    const keys = [
      deriveKey(master, 'a'),
      deriveKey(master, 'b'),
      deriveKey(master, 'a', 'b'),
      deriveKey(master, 'ab'),
      deriveKey(parseMasterKey(publishedKeys[0] ?? ''), 'a'),
    ];
    expect(new Set(keys.map(keyFingerprint)).size).toBe(keys.length);
  });

  test('ids are random and long enough', () => {
    expect(randomId()).toMatch(/^[0-9a-f]{32}$/);
    expect(randomId()).not.toBe(randomId());
    expect(() => randomId(8)).toThrow(RangeError);
  });

  test('constantTimeEqual compares strings and bytes', () => {
    expect(constantTimeEqual('abc', 'abc')).toBe(true);
    expect(constantTimeEqual('abc', Buffer.from('abc'))).toBe(true);
    expect(constantTimeEqual('abc', 'abd')).toBe(false);
    expect(constantTimeEqual('abc', 'ab')).toBe(false);
  });
});
