import { createHmac } from 'node:crypto';

/** RFC 6238 with what authenticators take for granted: SHA-1, 30 seconds, 6 digits. */
export const stepSeconds = 30;
const digits = 6;
/** Steps that a clock may be off to either side. */
const tolerance = 1;

export type TotpAlgorithm = 'sha1' | 'sha256' | 'sha512';

/** HOTP (RFC 4226, 5.3) of a step. */
export function totpCode(secret: Uint8Array, step: number, length = digits, algorithm: TotpAlgorithm = 'sha1'): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac(algorithm, secret).update(counter).digest();
  const offset = (mac.at(-1) ?? 0) & 0x0f;
  const number = mac.readUInt32BE(offset) & 0x7fffffff;
  return String(number % 10 ** length).padStart(length, '0');
}

export function stepAt(timeMs: number): number {
  return Math.floor(timeMs / 1_000 / stepSeconds);
}

/**
 * @param lastStep of the last code that was accepted; that one and older ones are no longer
 * @returns the code's step, or undefined where it isn't valid now
 */
export function acceptedStep(secret: Uint8Array, code: string, nowMs: number, lastStep: number): number | undefined {
  const now = stepAt(nowMs);
  let accepted: number | undefined;
  // All are looked at, whichever fits: the time says nothing.
  for (let step = now - tolerance; step <= now + tolerance; step++) {
    if (step > lastStep && totpCode(secret, step) === code) accepted = step;
  }
  return accepted;
}

const base32Alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648, 6, without padding. */
export function base32(bytes: Uint8Array): string {
  let bits = 0;
  let value = 0;
  let text = '';
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= 5) {
      text += base32Alphabet[(value >>> (bits - 5)) & 31];
      bits -= 5;
    }
  }
  return bits > 0 ? text + base32Alphabet[(value << (5 - bits)) & 31] : text;
}

/** What authenticators read from a QR code (the "Key Uri Format" of Google Authenticator). */
export function otpauthUri(issuer: string, name: string, secret: Uint8Array): string {
  const query = new URLSearchParams({ secret: base32(secret), issuer, algorithm: 'SHA1', digits: '6', period: '30' });
  return `otpauth://totp/${encodeURIComponent(issuer)}:${encodeURIComponent(name)}?${query}`;
}
