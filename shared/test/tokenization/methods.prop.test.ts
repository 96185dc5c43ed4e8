import { createHmac } from 'node:crypto';
import {
  hashMethod,
  hashTokenFromDigest,
  isHashToken,
  isToken,
  keepMethod,
  maskMethod,
  redactMethod,
  tokenFromDigest,
  tokenMethod,
} from '@sdp/shared/tokenization';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const hash = (value: string): string => createHmac('sha256', 'key').update(value).digest('hex');
const value = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 });

describe('token and hash', () => {
  test('show the first 128 bits of the digest, are recognized, and depend on the value alone', () => {
    fc.assert(
      fc.property(value, (text) => {
        const token = tokenMethod(hash)(text);
        expect(token).toBe(`tok_${hash(text).slice(0, 32)}`);
        expect(isToken(token) && !isHashToken(token)).toBe(true);
        expect(tokenMethod(hash)(text)).toBe(token);
        const hashed = hashMethod(hash)(text);
        expect(hashed).toBe(`hsh_${hash(text).slice(0, 32)}`);
        expect(isHashToken(hashed) && !isToken(hashed)).toBe(true);
      }),
    );
  });

  test('a token never starts a formula and holds no run of digits between word boundaries', () => {
    fc.assert(
      fc.property(value, (text) => {
        const token = tokenMethod(hash)(text);
        expect(token).not.toMatch(/^[=+\-@\t\r]/);
        expect(token).not.toMatch(/\b\d+\b/);
      }),
    );
  });

  test.each([
    '',
    'tok_',
    `tok_${'0'.repeat(31)}`,
    `tok_${'0'.repeat(33)}`,
    `tok_${'A'.repeat(32)}`,
    `hsh_${'0'.repeat(32)}`,
    ` tok_${'0'.repeat(32)}`,
    `tok_${'0'.repeat(32)}\n`,
    `TOK_${'0'.repeat(32)}`,
  ])('%j is no token', (text) => {
    expect(isToken(text)).toBe(false);
  });

  test('from a digest', () => {
    expect(isToken(tokenFromDigest(hash('x')))).toBe(true);
    expect(isHashToken(hashTokenFromDigest(hash('x')))).toBe(true);
  });
});

test('an empty value stays empty under every method', () => {
  for (const method of [tokenMethod(hash), hashMethod(hash), redactMethod(), maskMethod(), keepMethod()]) {
    expect(method('')).toBe('');
  }
});

test('redact says the same of every value; keep changes nothing', () => {
  fc.assert(
    fc.property(value, (text) => {
      expect(redactMethod()(text)).toBe('[REDACTED]');
      expect(keepMethod()(text)).toBe(text);
    }),
  );
});

describe('mask', () => {
  test('by default shows the last 4 from 8 characters on', () => {
    const mask = maskMethod();
    expect(mask('4111111111111111')).toBe('************1111');
    expect(mask('12345678')).toBe('****5678');
    expect(mask('1234567')).toBe('*******');
    expect(mask('x')).toBe('*');
  });

  test('counts code points: no surrogate pair is cut', () => {
    expect(maskMethod({ keepFirst: 1, keepLast: 1 })('😀😁😂😃')).toBe('😀**😃');
    expect(maskMethod({ keepLast: 1 })('a😀')).toBe('*😀');
    expect(maskMethod({ keepFirst: 2 })('abcdef')).toBe('ab****');
  });

  test('keeps the number of characters, shows at most what was asked for and never more than half', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'ß', '😀', '0'), minLength: 1, maxLength: 40 }),
        fc.nat(12),
        fc.nat(12),
        (text, keepFirst, keepLast) => {
          const before = Array.from(text);
          const after = Array.from(maskMethod({ keepFirst, keepLast })(text));
          expect(after).toHaveLength(before.length);
          const shown = after.filter((character) => character !== '*').length;
          expect(shown).toBe(2 * (keepFirst + keepLast) <= before.length ? keepFirst + keepLast : 0);
          for (const [i, character] of after.entries()) expect(['*', before[i]]).toContain(character);
        },
      ),
    );
  });

  test.each([-1, 1.5, Number.NaN])('refuses to keep %s characters', (count) => {
    expect(() => maskMethod({ keepFirst: count })).toThrow(RangeError);
    expect(() => maskMethod({ keepLast: count })).toThrow(RangeError);
  });
});
