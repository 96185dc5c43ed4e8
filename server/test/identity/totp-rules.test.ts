import { describe, expect, it } from 'vitest';
import { acceptedStep, base32, otpauthUri, stepAt, totpCode } from '../../src/identity/second-factor/totp-rules.ts';

/** RFC 6238, appendix B: the secret is as long as the digest. */
const seed = (length: number) => Buffer.from('1234567890'.repeat(7).slice(0, length));
const vectors: [seconds: number, sha1: string, sha256: string, sha512: string][] = [
  [59, '94287082', '46119246', '90693936'],
  [1111111109, '07081804', '68084774', '25091201'],
  [1111111111, '14050471', '67062674', '99943326'],
  [1234567890, '89005924', '91819424', '93441116'],
  [2000000000, '69279037', '90698825', '38618901'],
  [20000000000, '65353130', '77737706', '47863826'],
];

describe('codes', () => {
  it.each(vectors)('are those of RFC 6238 at %d', (seconds, sha1, sha256, sha512) => {
    const step = stepAt(seconds * 1_000);
    expect(totpCode(seed(20), step, 8, 'sha1')).toBe(sha1);
    expect(totpCode(seed(32), step, 8, 'sha256')).toBe(sha256);
    expect(totpCode(seed(64), step, 8, 'sha512')).toBe(sha512);
  });

  it('are those of RFC 4226, appendix D', () => {
    const expected = [
      '755224',
      '287082',
      '359152',
      '969429',
      '338314',
      '254676',
      '287922',
      '162583',
      '399871',
      '520489',
    ];
    expect(expected.map((_, step) => totpCode(seed(20), step))).toEqual(expected);
  });

  it('hold for a step before and after theirs, and for none that was accepted or is older', () => {
    const now = 1_700_000_000_000;
    const step = stepAt(now);
    for (const offset of [-1, 0, 1]) {
      expect(acceptedStep(seed(20), totpCode(seed(20), step + offset), now, 0)).toBe(step + offset);
    }
    for (const offset of [-3, -2, 2, 3]) {
      expect(acceptedStep(seed(20), totpCode(seed(20), step + offset), now, 0)).toBeUndefined();
    }
    expect(acceptedStep(seed(20), totpCode(seed(20), step), now, step)).toBeUndefined();
    expect(acceptedStep(seed(20), totpCode(seed(20), step - 1), now, step)).toBeUndefined();
    expect(acceptedStep(seed(20), totpCode(seed(20), step + 1), now, step)).toBe(step + 1);
    for (const wrong of ['', '000000', '12345', '1234567'])
      expect(acceptedStep(seed(20), wrong, now, 0)).toBeUndefined();
  });
});

it('secrets are given as authenticators take them', () => {
  // RFC 4648, 10, without the padding.
  const known = { '': '', f: 'MY', fo: 'MZXQ', foo: 'MZXW6', foob: 'MZXW6YQ', fooba: 'MZXW6YTB', foobar: 'MZXW6YTBOI' };
  for (const [text, encoded] of Object.entries(known)) expect(base32(Buffer.from(text))).toBe(encoded);
  expect(otpauthUri('SDP', 'a@b.example', Buffer.from('foobar'))).toBe(
    'otpauth://totp/SDP:a%40b.example?secret=MZXW6YTBOI&issuer=SDP&algorithm=SHA1&digits=6&period=30',
  );
});
