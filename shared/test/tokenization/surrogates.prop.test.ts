import { createHmac } from 'node:crypto';
import { cardMethod, emailSurrogate, isCardSurrogate, tokenFromDigest, tokenInEmail } from '@sdp/shared/tokenization';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isPaymentCardNumber } from '../../src/detection/payment-card.ts';
import { luhnSum } from '../../src/tokenization/luhn.ts';

const hash = (text: string) => createHmac('sha256', 'key').update(text).digest('hex');
const token = fc.string().map((text) => tokenFromDigest(hash(text)));

describe('e-mail surrogates', () => {
  test('show the token, which is found again, and nothing of the address', () => {
    fc.assert(
      fc.property(token, fc.oneof(fc.emailAddress(), fc.string({ unit: 'binary' })), (made, value) => {
        const surrogate = emailSurrogate(made, value);
        expect(surrogate).toBe(`${made}@email.invalid`);
        expect(tokenInEmail(surrogate)).toBe(made);
        expect(tokenInEmail(emailSurrogate(made, value, { keepDomain: true }))).toBe(made);
      }),
    );
  });

  test.each([
    ['Ada.Lovelace@Example.COM', 'example.com'],
    ['"a@b"@mail.example.org ', 'mail.example.org'],
    ['jürgen@müller.example', 'müller.example'],
    ['no address', 'email.invalid'],
    ['', 'email.invalid'],
    ['anna@localhost', 'email.invalid'],
    ['anna@example.com, see notes', 'email.invalid'],
    ['Anna Schmidt <anna@example.com>', 'email.invalid'],
    ['anna@-example.com', 'email.invalid'],
    ['example.com', 'email.invalid'],
    [`a@${'b.'.repeat(130)}com`, 'email.invalid'],
  ])('the domain that is kept of %j is %s', (value, domain) => {
    const made = tokenFromDigest(hash('x'));
    expect(emailSurrogate(made, value, { keepDomain: true })).toBe(`${made}@${domain}`);
  });

  test.each([
    '',
    'tok_',
    `tok_${'0'.repeat(32)}`,
    `tok_${'0'.repeat(31)}@x.invalid`,
    `tok_${'G'.repeat(32)}@x.y`,
    `tok_${'0'.repeat(32)}@a@b`,
  ])('%j holds no token as its local part', (text) => {
    expect(tokenInEmail(text)).toBeUndefined();
  });
});

const digits = (min: number, max: number) =>
  fc.integer({ min, max }).chain((length) => fc.stringMatching(new RegExp(`^[0-9]{${length}}$`)));
const spaced = (text: string) => text.replace(/(....)(?=.)/g, '$1 ');
const draw = (value: string, attempt: number) => hash(`${attempt}:${value}`);

describe('card surrogates', () => {
  const card = cardMethod({ digits: draw });
  const bin = cardMethod({ digits: draw, keepFirst: 6 });

  test('pass Luhn, keep length, separators and the last four, and are told from any real card', () => {
    fc.assert(
      fc.property(digits(12, 19), fc.nat(20), (value, attempt) => {
        const surrogate = card.candidate(value, attempt);
        expect(surrogate).toMatch(/^99\d+$/);
        expect(surrogate).toHaveLength(value.length);
        expect(surrogate.slice(-4)).toBe(value.slice(-4));
        expect(luhnSum(surrogate)).toBe(0);
        expect(isCardSurrogate(surrogate)).toBe(true);
        expect(isPaymentCardNumber(surrogate)).toBe(false);
        expect(card.candidate(value, attempt)).toBe(surrogate);
        expect(card.candidate(spaced(value), attempt)).toBe(spaced(surrogate));
        expect(isCardSurrogate(spaced(surrogate))).toBe(true);
        expect(card.refusal(value)).toBeUndefined();
      }),
    );
  });

  test('with the first six kept fail Luhn and are drawn anew between', () => {
    fc.assert(
      fc.property(digits(15, 19), fc.nat(20), (value, attempt) => {
        const surrogate = bin.candidate(value, attempt);
        expect(surrogate).toHaveLength(value.length);
        expect(surrogate.slice(0, 6)).toBe(value.slice(0, 6));
        expect(surrogate.slice(-4)).toBe(value.slice(-4));
        expect(luhnSum(surrogate)).not.toBe(0);
        expect(isCardSurrogate(surrogate)).toBe(false);
        expect(bin.refusal(value)).toBeUndefined();
      }),
    );
  });

  test('attempts differ, so that a collision is got around', () => {
    for (const method of [card, bin]) {
      const candidates = Array.from({ length: 50 }, (_, attempt) => method.candidate('4111111111111111', attempt));
      expect(new Set(candidates).size).toBe(50);
    }
  });

  test('every digit that is drawn takes every value', () => {
    const places = Array.from({ length: 16 }, () => new Set<string>());
    for (let i = 0; i < 400; i += 1) {
      for (const [place, digit] of Array.from(bin.candidate('4111111111111111', i)).entries())
        places[place]?.add(digit);
    }
    expect(places.map((seen) => seen.size)).toEqual([1, 1, 1, 1, 1, 1, 10, 10, 10, 10, 10, 10, 1, 1, 1, 1]);
  });

  test.each([
    '',
    'n/a',
    '41111111111',
    '41111111111111111111',
    '4111--1111-1111-1111',
    '4111 1111 1111 111x',
    '+4111111111111111',
  ])('%j is no card number', (value) => {
    expect(card.refusal(value)).toEqual({ refused: 'not-a-card-number' });
    expect(() => card.candidate(value, 0)).toThrow(TypeError);
  });

  test('short numbers have too little between the first six and the last four', () => {
    expect(bin.refusal('42222222222222')).toEqual({ refused: 'card-too-short' });
    expect(bin.refusal('378282246310005')).toBeUndefined();
  });

  test.each(['9900000000000001', '4111111111111111', '99', 'tok_99', ''])('%j is no surrogate', (text) => {
    expect(isCardSurrogate(text)).toBe(false);
  });
});
