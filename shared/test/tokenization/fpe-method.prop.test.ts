import { createSecretKey } from 'node:crypto';
import { aesEcbEncryptor } from '@sdp/shared/crypto';
import { type AlphabetSpec, alphabetOf, createFf1, fpeMethod } from '@sdp/shared/tokenization';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isPaymentCardNumber } from '../../src/detection/payment-card.ts';
import { luhnSum } from '../../src/tokenization/luhn.ts';

const key = createSecretKey(Buffer.alloc(32, 1));
const cipher = aesEcbEncryptor(key);
const method = (spec: AlphabetSpec, namespace = 'customers.ssn', spareDigit?: number) =>
  fpeMethod({
    alphabet: alphabetOf(spec),
    tweak: Buffer.from(namespace),
    cipher,
    ...(spareDigit === undefined ? {} : { spareDigit }),
  });

const signs: Record<string, fc.Arbitrary<string>> = {
  digits: fc.constantFrom(...'0123456789'),
  letters: fc.constantFrom(...'abcxyzABCXYZ'),
  alphanumeric: fc.constantFrom(...'0189abzABZ'),
  greek: fc.constantFrom(...'αβγδεζηθ'),
  faces: fc.constantFrom(...'😀😁😂🤣😃😄😅😆😉😊'),
};
const specs: Record<string, AlphabetSpec> = {
  digits: 'digits',
  letters: 'letters',
  alphanumeric: 'alphanumeric',
  greek: { custom: 'αβγδεζηθ' },
  faces: { custom: '😀😁😂🤣😃😄😅😆😉😊' },
};
const literal = fc.constantFrom('-', ' ', '/', '.', 'ü', '名', '😎', '+', '(', "'");

/** Characters of an alphabet with literals between them, at first not of a card's length. */
const textOver = (name: string, minLength = 8, maxLength = 11) =>
  fc
    .array(fc.tuple(fc.array(literal, { maxLength: 2 }), signs[name] as fc.Arbitrary<string>), { minLength, maxLength })
    .map((parts) => parts.map(([before, sign]) => before.join('') + sign).join(''));

describe.each(Object.keys(specs))('fpe over %s', (name) => {
  const spec = specs[name] as AlphabetSpec;
  const symbols = new Set(
    Array.from(alphabetOf(spec).symbols.join('')).flatMap((s) => (name === 'letters' ? [s, s.toUpperCase()] : [s])),
  );
  const shape = (text: string) =>
    Array.from(text, (sign) => (symbols.has(sign) ? (name === 'letters' ? (sign < 'a' ? 'A' : 'a') : '#') : sign)).join(
      '',
    );

  test('comes back, keeps length, literals and case, and depends on the value alone', () => {
    fc.assert(
      fc.property(fc.array(textOver(name), { minLength: 1, maxLength: 20 }), (values) => {
        const { protectMany, restoreMany } = method(spec);
        const out = protectMany(values) as string[];
        expect(out.map(shape)).toEqual(values.map(shape));
        expect(restoreMany(out)).toEqual(values);
        expect(values.map((value) => protectMany([value])[0])).toEqual(out);
        expect(protectMany(values.toReversed())).toEqual(out.toReversed());
      }),
      { numRuns: 60 },
    );
  });

  test('different values have different results, and so have different namespaces', () => {
    fc.assert(
      fc.property(fc.uniqueArray(textOver(name), { minLength: 2, maxLength: 30 }), (values) => {
        expect(new Set(method(spec).protectMany(values)).size).toBe(values.length);
        const here = method(spec, 'a.x').protectMany(values);
        const there = method(spec, 'b.x').protectMany(values);
        expect(here).not.toEqual(there);
      }),
      { numRuns: 30 },
    );
  });
});

describe('fpe', () => {
  test('is FF1 over the characters of the alphabet', () => {
    const ff1 = createFf1({ encryptBlocks: cipher, radix: 10, tweak: Buffer.from('customers.ssn') });
    const numerals = Uint16Array.from('123456789', Number);
    ff1.encrypt(numerals, 9);
    const digits = numerals.join('');
    expect(method('digits').protectMany(['123-45-6789'])).toEqual([
      `${digits.slice(0, 3)}-${digits.slice(3, 5)}-${digits.slice(5)}`,
    ]);
  });

  test.each([
    ['digits', '12-34-5', 'too-short'],
    ['digits', 'none', 'too-short'],
    ['letters', 'Anna', 'too-short'],
    ['alphanumeric', 'a1B', 'too-short'],
    ['digits', '1'.repeat(1_025), 'too-long'],
    ['digits', '0123456789012', 'spare-digit'],
  ] as const)('over %s refuses %j: %s', (spec, value, refused) => {
    expect(method(spec).protectMany(['', value, ''])).toEqual(['', { refused }, '']);
  });

  test.each([
    ['digits', 6],
    ['letters', 5],
    ['alphanumeric', 4],
  ] as const)('over %s takes values from %i characters on', (spec, shortest) => {
    const { protectMany } = method(spec);
    expect(protectMany(['9'.repeat(shortest).replaceAll('9', spec === 'letters' ? 'k' : '9')])[0]).toEqual(
      expect.any(String),
    );
    expect(protectMany(['9'.repeat(shortest - 1).replaceAll('9', spec === 'letters' ? 'k' : '9')])[0]).toEqual({
      refused: 'too-short',
    });
  });

  test('numbers of a card’s length never come out Luhn-valid, come back, and leave real card numbers as possible inputs', () => {
    const number = fc
      .integer({ min: 12, max: 19 })
      .chain((length) =>
        fc
          .tuple(fc.constantFrom(...'123456789'), fc.stringMatching(new RegExp(`^[0-9]{${length - 1}}$`)))
          .map((p) => p.join('')),
      );
    const card = number.map((text) => {
      const payload = text.slice(0, -1);
      return payload + ((10 - luhnSum(`${payload}0`)) % 10);
    });
    fc.assert(
      fc.property(fc.uniqueArray(fc.oneof(number, card), { minLength: 1, maxLength: 40 }), (values) => {
        const { protectMany, restoreMany } = method('digits');
        const spaced = values.map((value) => value.replace(/(....)(?=.)/g, '$1 '));
        const out = protectMany(values) as string[];
        for (const text of out) {
          expect(luhnSum(text)).not.toBe(0);
          expect(isPaymentCardNumber(text)).toBe(false);
        }
        expect(new Set(out).size).toBe(values.length);
        expect(restoreMany(out)).toEqual(values);
        expect((protectMany(spaced) as string[]).map((text) => text.replaceAll(' ', ''))).toEqual(out);
      }),
      { numRuns: 60 },
    );
  });

  test('another spare digit lets numbers with a leading zero in', () => {
    const { protectMany, restoreMany } = method('digits', 'x.y', 9);
    const out = protectMany(['0012345678901', '9912345678901']);
    expect(out).toEqual([expect.stringMatching(/^\d{13}$/), { refused: 'spare-digit' }]);
    expect(restoreMany([out[0] as string])).toEqual(['0012345678901']);
    expect(() => method('digits', 'x.y', 10)).toThrow(RangeError);
  });

  test('a Luhn-valid number is nothing that comes out, and so is not restored', () => {
    expect(method('digits').restoreMany(['4111111111111111'])).toEqual([{ refused: 'not-encrypted' }]);
  });

  test('letters keep the case of their place', () => {
    const [out] = method('letters').protectMany(['McDonald, JANE']) as string[];
    expect(out).toMatch(/^[A-Z][a-z][A-Z][a-z]{5}, [A-Z]{4}$/);
  });

  test('a batch of thousands of different lengths gives what each value gives alone', () => {
    const { protectMany, restoreMany } = method('digits');
    const values = Array.from(
      { length: 9_000 },
      (_, i) => `${1 + (i % 9)}${String(i * 7_919).padStart(5 + (i % 17), '3')}`,
    );
    const out = protectMany(values) as string[];
    expect(restoreMany(out)).toEqual(values);
    for (let i = 0; i < values.length; i += 997) expect(protectMany([values[i] as string])).toEqual([out[i]]);
  });
});

describe('alphabets', () => {
  test.each(['', 'a', 'aa', 'abca', 'ab=', 'ab+', 'a-b', 'a@', 'a\tb', 'a\n', '\ud800a', '0123', '01234567890'])(
    '%j is none',
    (custom) => {
      expect(() => alphabetOf({ custom })).toThrow(RangeError);
    },
  );

  test('the ten digits in any order are the digits', () => {
    expect(alphabetOf({ custom: '9876543210' })).toEqual(alphabetOf('digits'));
  });
});
