import { createSecretKey } from 'node:crypto';
import { hkdfSha256, hmacHex, keyedDigest, openBlob } from '@sdp/shared/crypto';
import { describe, expect, test } from 'vitest';
import { hasTestData, readTestJson } from '../../../test/support/test-data.ts';
import { sealWithNonce } from '../../src/crypto/seal.ts';

interface Case {
  readonly tcId: number;
  readonly result: 'valid' | 'invalid' | 'acceptable';
  readonly [field: string]: unknown;
}
interface Group {
  readonly tests: readonly Case[];
  readonly [field: string]: unknown;
}

const folder = 'crypto-wycheproof';
const available = hasTestData(folder);

function casesOf(file: string): (Case & { readonly group: Group })[] {
  const { testGroups } = readTestJson(folder, file) as { testGroups: readonly Group[] };
  return testGroups.flatMap((group) => group.tests.map((test) => ({ ...test, group })));
}

const hex = (value: unknown): Buffer => Buffer.from(String(value), 'hex');

/** How many cases were run, so that a run that tests nothing fails. */
interface Tally {
  valid: number;
  invalid: number;
  outOfScope: number;
}

describe.skipIf(!available)('Wycheproof vectors (SDP_TEST_DATA/crypto-wycheproof; skipped where absent)', () => {
  test('AES-GCM: every case with a 96-bit nonce; other nonce sizes are refused, as SDP makes none', () => {
    const tally: Tally = { valid: 0, invalid: 0, outOfScope: 0 };
    for (const { tcId, result, ...input } of casesOf('aes_gcm_test.json')) {
      const key = createSecretKey(hex(input['key']));
      const nonce = hex(input['iv']);
      const sealed = Buffer.concat([hex(input['ct']), hex(input['tag'])]);
      const opened = openBlob(key, hex(input['aad']), { nonce, sealed });
      if (nonce.length !== 12) {
        tally.outOfScope += 1;
        expect(opened, `case ${tcId}`).toBeUndefined();
        continue;
      }
      if (result === 'valid') {
        tally.valid += 1;
        expect(opened?.toString('hex'), `case ${tcId}`).toBe(input['msg']);
        const again = sealWithNonce(key, nonce, hex(input['aad']), hex(input['msg']));
        expect(Buffer.from(again.sealed).toString('hex'), `case ${tcId}`).toBe(sealed.toString('hex'));
      } else {
        tally.invalid += 1;
        expect(opened, `case ${tcId}`).toBeUndefined();
      }
    }
    expect(tally).toEqual({ valid: 116, invalid: 81, outOfScope: 119 });
  });

  test('HMAC-SHA-256: every case, full and truncated tags, keys shorter and longer than a block', () => {
    const tally: Tally = { valid: 0, invalid: 0, outOfScope: 0 };
    for (const { tcId, result, group, ...input } of casesOf('hmac_sha256_test.json')) {
      const key = createSecretKey(hex(input['key']));
      const digits = Number(group['tagSize']) / 4;
      const tag = hmacHex(key, hex(input['msg'])).slice(0, digits);
      if (result === 'valid') {
        tally.valid += 1;
        expect(tag, `case ${tcId}`).toBe(input['tag']);
      } else {
        tally.invalid += 1;
        expect(tag, `case ${tcId}`).not.toBe(input['tag']);
      }
    }
    expect(tally).toEqual({ valid: 66, invalid: 108, outOfScope: 0 });
  });

  test('HKDF-SHA-256: every case, too long an output refused', () => {
    const tally: Tally = { valid: 0, invalid: 0, outOfScope: 0 };
    for (const { tcId, result, ...input } of casesOf('hkdf_sha256_test.json')) {
      const derive = () =>
        hkdfSha256(hex(input['ikm']), hex(input['salt']), hex(input['info']), Number(input['size'])).toString('hex');
      if (result === 'valid') {
        tally.valid += 1;
        expect(derive(), `case ${tcId}`).toBe(input['okm']);
      } else {
        tally.invalid += 1;
        expect(derive, `case ${tcId}`).toThrow(RangeError);
      }
    }
    expect(tally).toEqual({ valid: 83, invalid: 3, outOfScope: 0 });
  });
});

test('the fast digest and the plain one agree on Wycheproof-like lengths', () => {
  const key = createSecretKey(Buffer.alloc(32, 7));
  for (const length of [0, 1, 55, 56, 63, 64, 65, 4_095, 4_096, 4_097, 100_000]) {
    const value = Buffer.alloc(length, 0x61);
    const lengthPrefix = Buffer.alloc(4);
    lengthPrefix.writeUInt32BE(length);
    expect(keyedDigest(key)(value), `length ${length}`).toBe(hmacHex(key, Buffer.concat([lengthPrefix, value])));
  }
});
