import { createSecretKey } from 'node:crypto';
import { aesEcbEncryptor } from '@sdp/shared/crypto';
import { createFf1 } from '@sdp/shared/tokenization';
import { describe, expect, test } from 'vitest';
import { hasTestData, readTestJson } from '../../../test/support/test-data.ts';
import { naiveFf1 } from '../support/naive-ff1.ts';

const nist = 'crypto-nist-fpe';
const wycheproof = 'crypto-wycheproof';
const hex = (text: string) => Buffer.from(text, 'hex');

/** Minimum of the standard's first edition, under which the vectors were made. */
const firstEdition = 100;

function encryptor(keyHex: string, radix: number, tweakHex: string) {
  const encryptBlocks = aesEcbEncryptor(createSecretKey(hex(keyHex)));
  return createFf1({ encryptBlocks, radix, tweak: hex(tweakHex), smallestDomain: firstEdition });
}

describe.skipIf(!hasTestData(nist))('NIST’s FF1 samples (SDP_TEST_DATA/crypto-nist-fpe; skipped where absent)', () => {
  interface Sample {
    readonly radix: number;
    readonly key: string;
    readonly tweak: string;
    readonly plaintext: string;
    readonly ciphertext: string;
  }
  const samples = hasTestData(nist)
    ? (readTestJson(nist, 'nist_ff1_samples.json') as { vectors: readonly Sample[] }).vectors
    : [];
  const numerals = (text: string) => Array.from(text, (sign) => Number.parseInt(sign, 36));

  test('there are nine', () => {
    expect(samples).toHaveLength(9);
  });

  test.each(samples)('radix $radix, key $key, tweak "$tweak"', ({ radix, key, tweak, plaintext, ciphertext }) => {
    const ff1 = encryptor(key, radix, tweak);
    const text = Uint16Array.from(numerals(plaintext));
    ff1.encrypt(text, text.length);
    expect(Array.from(text)).toEqual(numerals(ciphertext));
    ff1.decrypt(text, text.length);
    expect(Array.from(text)).toEqual(numerals(plaintext));
    // The oracle of the property tests is held to the same samples.
    const secret = createSecretKey(hex(key));
    expect(naiveFf1(secret, radix, hex(tweak), numerals(plaintext), 'encrypt')).toEqual(numerals(ciphertext));
    expect(naiveFf1(secret, radix, hex(tweak), numerals(ciphertext), 'decrypt')).toEqual(numerals(plaintext));
  });
});

describe.skipIf(!hasTestData(wycheproof))(
  'Wycheproof FF1 (SDP_TEST_DATA/crypto-wycheproof; skipped where absent)',
  () => {
    interface Case {
      readonly tcId: number;
      readonly flags: readonly string[];
      readonly key: string;
      readonly tweak: string;
      readonly msg: readonly number[];
      readonly ct: readonly number[];
      readonly result: 'valid' | 'invalid';
    }
    interface Group {
      readonly radix: number;
      readonly tests: readonly Case[];
    }

    test.each([
      ['aes_ff1_radix10_test.json', { valid: 3_312, invalid: 533 }],
      ['aes_ff1_radix26_test.json', { valid: 2_651, invalid: 425 }],
    ])('%s: every case, valid and invalid, both ways', (file, expected) => {
      const { testGroups } = readTestJson(wycheproof, file) as { testGroups: readonly Group[] };
      const tally = { valid: 0, invalid: 0 };
      for (const { radix, tests } of testGroups) {
        for (const { tcId, result, key, tweak, msg, ct } of tests) {
          tally[result] += 1;
          // Some invalid plaintexts hold -1, which a Uint16Array turns into 65535: that is no numeral either.
          const text = Uint16Array.from(msg);
          const encrypt = () => encryptor(key, radix, tweak).encrypt(text, text.length);
          if (result === 'invalid') {
            expect(encrypt, `case ${tcId}`).toThrow(RangeError);
            continue;
          }
          encrypt();
          expect(Array.from(text), `case ${tcId}`).toEqual(ct);
          encryptor(key, radix, tweak).decrypt(text, text.length);
          expect(Array.from(text), `case ${tcId}`).toEqual(msg);
        }
      }
      expect(tally).toEqual(expected);
    });
  },
);
