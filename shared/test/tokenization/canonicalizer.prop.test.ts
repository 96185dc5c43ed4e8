import {
  type CanonicalStep,
  canonicalizer,
  canonicalizerById,
  canonicalSteps,
  isPhoneRegion,
} from '@sdp/shared/tokenization';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const spec = fc.record(
  {
    steps: fc.shuffledSubarray([...canonicalSteps]),
    region: fc.constantFrom('DE', 'US', 'GB', 'BR', 'IN'),
  },
  { requiredKeys: ['steps'] },
);
const awkward = fc.string({
  unit: fc.constantFrom(
    'a',
    'A',
    'e',
    '\u0301',
    '\u00c9',
    '\u0130',
    '\u0307',
    'ß',
    'Σ',
    '\u00a0',
    '\u3000',
    ' ',
    '\t',
    '\ufeff',
    '0',
    '1',
    '5',
    '+',
    '(',
    ')',
    '-',
    '/',
    '\u1e9e',
    '\u212b',
    '\u0345',
    '\ud800',
  ),
  maxLength: 20,
});
const phone = fc.stringMatching(/^ ?(\+49|0049|0|\+1)[ (]?[1-9]\d{1,3}[ )/-]?\d{3,8}( ?x\d{1,4})?$/);

describe('canonical forms', () => {
  test('of a canonical form are itself', () => {
    fc.assert(
      fc.property(spec, fc.oneof(awkward, phone, fc.string({ unit: 'binary' })), (s, value) => {
        const { apply } = canonicalizer(s);
        const once = apply(value);
        expect(apply(once)).toBe(once);
      }),
      { numRuns: 500 },
    );
  });

  test('an id names steps, their order and the region, and gives the same canonicalizer again', () => {
    fc.assert(
      fc.property(spec, fc.oneof(awkward, phone), (s, value) => {
        const made = canonicalizer(s);
        const again = canonicalizerById(made.id);
        expect(again.id).toBe(made.id);
        expect(again.apply(value)).toBe(made.apply(value));
      }),
    );
    expect(canonicalizer({ steps: ['trim', 'lower'] }).id).toBe('trim+lower');
    expect(canonicalizer({ steps: ['trim', 'phone'], region: 'DE' }).id).toBe('trim+phone:DE');
    expect(canonicalizer({ steps: ['trim'], region: 'DE' }).id).toBe('trim');
    expect(canonicalizer({ steps: [] }).id).toBe('');
  });

  test('without steps a value stays as it is', () => {
    const { apply } = canonicalizer({ steps: [] });
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (value) => apply(value) === value));
  });

  test.each<[string, readonly CanonicalStep[], string, string]>([
    ['trim', ['trim'], '\u00a0 Anna \u3000\n', 'Anna'],
    ['lower', ['lower'], 'ÄNNA', 'änna'],
    ['nfc', ['nfc'], 'Rene\u0301', 'René'],
    ['lower, then nfc', ['lower', 'nfc'], 'RENE\u0301', 'rené'],
  ])('%s', (_, steps, value, canonical) => {
    expect(canonicalizer({ steps }).apply(value)).toBe(canonical);
  });

  test.each([
    '0151 12345678',
    '(0151) 123-45678',
    '+49 151 12345678',
    '+49 (0)151 12345678',
    '0049 151 12345678',
    '+4915112345678',
  ])('the telephone number %s', (written) => {
    expect(canonicalizer({ steps: ['phone'], region: 'DE' }).apply(written)).toBe('+4915112345678');
  });

  test('an extension belongs to a number; what is no number stays, as does a national number where no region is known', () => {
    const { apply } = canonicalizer({ steps: ['phone'], region: 'US' });
    expect(apply('(415) 555-2671 ext. 12')).toBe('+14155552671;ext=12');
    expect(apply('415.555.2671')).toBe('+14155552671');
    for (const value of ['', 'unknown', '911', 'call 415 555 2671 now', '415 555 2671 / 415 555 2672'])
      expect(apply(value)).toBe(value);
    expect(canonicalizer({ steps: ['phone'] }).apply('(415) 555-2671')).toBe('(415) 555-2671');
    expect(canonicalizer({ steps: ['phone'] }).apply('+1 (415) 555-2671')).toBe('+14155552671');
  });

  test('refuses steps and regions that there are not', () => {
    expect(() => canonicalizer({ steps: ['trim', 'trim'] })).toThrow(RangeError);
    expect(() => canonicalizer({ steps: ['upper' as CanonicalStep] })).toThrow(RangeError);
    expect(() => canonicalizer({ steps: ['phone'], region: 'XX' })).toThrow(RangeError);
    for (const id of ['upper', 'trim+', '+', 'trim:DE', 'phone:', 'phone:XX', 'trim+trim', 'phone:DE:US']) {
      expect(() => canonicalizerById(id), id).toThrow(RangeError);
    }
    expect(isPhoneRegion('DE') && !isPhoneRegion('de') && !isPhoneRegion('')).toBe(true);
  });
});
