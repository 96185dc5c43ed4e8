import { scanAll, scanCell } from '@sdp/shared/detection';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const digits = (length: number) => fc.stringMatching(new RegExp(`^\\d{${length}}$`));

/** Issuer prefix and length of cards whose find is proven. */
const issuers = fc.constantFrom<[string, number]>(
  ['4', 16],
  ['4', 19],
  ['51', 16],
  ['55', 16],
  ['2221', 16],
  ['2720', 16],
  ['34', 15],
  ['37', 15],
  ['36', 14],
  ['3528', 16],
  ['6011', 16],
  ['62', 16],
  ['62', 19],
  ['6759', 16],
);

/** Luhn's check digit, computed another way than the code under test does: by summing from the left. */
function withCheckDigit(payload: string): string {
  const sum = [...payload].reduce((total, digit, index) => {
    const doubled = (payload.length - index) % 2 === 1 ? Number(digit) * 2 : Number(digit);
    return total + Math.floor(doubled / 10) + (doubled % 10);
  }, 0);
  return payload + String((10 - (sum % 10)) % 10);
}

const cards = issuers.chain(([prefix, length]) =>
  digits(length - prefix.length - 1).map((rest) => withCheckDigit(prefix + rest)),
);

const groupings = fc.constantFrom([4, 4, 4, 4, 4], [4, 6, 5, 4], [6, 4, 9], [8, 8, 8], [4, 4, 11], [5, 5, 5, 4]);
const separators = fc.constantFrom('', ' ', '-', '.', '/', ' - ', '\u00a0', '\u2011', '\u202f', '\u2013');

function grouped(text: string, sizes: readonly number[], separator: string): string {
  const parts: string[] = [];
  for (let start = 0, index = 0; start < text.length; index += 1) {
    const size = sizes[index] ?? text.length;
    parts.push(text.slice(start, start + size));
    start += size;
  }
  return parts.join(separator);
}

const surroundings = fc.constantFrom(
  ['', ''],
  ['paid with ', ' in May'],
  ['(', ')'],
  ['card:', ';'],
  ['番号は', 'です'],
  ['"', '"'],
  ['a\n', '\nb'],
);

test('a card is caught in any grouping and inside any text', () => {
  fc.assert(
    fc.property(cards, groupings, separators, surroundings, (card, sizes, separator, [before, after]) => {
      const text = `${before}${grouped(card, sizes, separator)}${after}`;
      // One dot is a decimal point, and groups of one or two digits are lists of numbers.
      const parts = grouped(card, sizes, ' ').split(' ');
      fc.pre(separator !== '.' || parts.length > 2);
      fc.pre(parts.slice(0, -1).every((part) => part.length >= 3));
      expect(scanCell(text)).toEqual({ kind: 'payment-card', proven: true });
    }),
    { numRuns: 2_000 },
  );
});

test('one wrong digit and nothing is proven', () => {
  fc.assert(
    fc.property(cards, fc.nat(18), fc.integer({ min: 1, max: 9 }), (card, position, shift) => {
      const at = position % card.length;
      const wrong = card.slice(0, at) + String((Number(card[at]) + shift) % 10) + card.slice(at + 1);
      expect(scanCell(wrong)?.proven ?? false).toBe(false);
    }),
    { numRuns: 2_000 },
  );
});

const countries = fc.constantFrom<[string, number]>(
  ['DE', 22],
  ['GB', 22],
  ['FR', 27],
  ['NO', 15],
  ['MT', 31],
  ['NL', 18],
  ['AE', 23],
  ['BR', 29],
);

/** Check digits by ISO 13616, with arbitrary-precision integers. */
function ibanOf(country: string, account: string): string {
  const numeric = [...`${account}${country}00`].map((c) => String(Number.parseInt(c, 36))).join('');
  return country + String(98n - (BigInt(numeric) % 97n)).padStart(2, '0') + account;
}

const ibans = countries.chain(([country, length]) =>
  fc.stringMatching(new RegExp(`^[0-9A-Z]{${length - 4}}$`)).map((account) => ibanOf(country, account)),
);

test('an IBAN is caught in any usual form and inside any text, and with one wrong character nothing is proven', () => {
  fc.assert(
    fc.property(
      ibans,
      fc.constantFrom('', ' ', '-', '\u00a0'),
      surroundings,
      fc.boolean(),
      fc.nat(30),
      (iban, separator, [before, after], lower, position) => {
        const written = (text: string) => {
          const shown = (text.match(/.{1,4}/g) ?? []).join(separator);
          return before + (lower ? shown.toLowerCase() : shown) + after;
        };
        expect(scanCell(written(iban))).toEqual({ kind: 'iban', proven: true });
        const at = 4 + (position % (iban.length - 4));
        // Within its kind: a letter counts as two digits, so that only then the change is one the remainder must show.
        const other = /\d/.test(iban[at] ?? '') ? (iban[at] === '7' ? '3' : '7') : iban[at] === 'Q' ? 'K' : 'Q';
        const wrong = scanCell(written(iban.slice(0, at) + other + iban.slice(at + 1)));
        expect(wrong?.kind).not.toBe('iban');
      },
    ),
    { numRuns: 300 },
  );
});

test('tokens never fire', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('tok_', 'hsh_'),
      fc.stringMatching(/^[0-9a-f]{32}$/),
      fc.stringMatching(/^\d{32}$/),
      (prefix, hex, decimal) => {
        expect(scanCell(prefix + hex)).toBeUndefined();
        expect(scanCell(prefix + decimal)).toBeUndefined();
      },
    ),
    { numRuns: 2_000 },
  );
});

test('model features never fire: whole numbers, fractions, times, dates', () => {
  const cell = fc.oneof(
    fc.integer().map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.integer({ min: 0, max: 4_102_444_800 }).map(String),
    fc
      .date({ min: new Date('1900-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString()),
    fc.ipV4(),
  );
  fc.assert(
    fc.property(cell, (text) => {
      // Whole floating-point numbers of card length may be cards, by chance or not.
      fc.pre(!/^-?\d{13,19}(?:\.0*)?$/.test(text));
      expect(scanCell(text)).toBeUndefined();
    }),
    { numRuns: 5_000 },
  );
});

test('positions are those of the original text, and finds do not overlap', () => {
  const piece = fc.constantFrom(
    'jane@example.com',
    '＋1 415 555 0132',
    '4111 1111 1111 1111',
    ' ',
    'ü',
    '＠',
    '😀',
    ', ',
    'x',
    '%40',
    '12',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('');
      let previousEnd = 0;
      for (const { start, end } of scanAll(text)) {
        expect(start).toBeGreaterThanOrEqual(previousEnd);
        expect(end).toBeGreaterThan(start);
        expect(end).toBeLessThanOrEqual(text.length);
        previousEnd = end;
      }
      expect(scanAll(text).length > 0).toBe(scanCell(text) !== undefined);
    }),
    { numRuns: 2_000 },
  );
});
