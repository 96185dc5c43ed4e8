import { sha256 } from './sha-256.ts';

const base58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const bech32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';

/** Base58Check (Bitcoin): 25 bytes of which the last four are a double SHA-256 of the rest. */
export function isBase58Check(address: string): boolean {
  const bytes = new Uint8Array(25);
  for (const character of address) {
    let carry = base58.indexOf(character);
    if (carry < 0) return false;
    for (let i = 24; i >= 0; i -= 1) {
      carry += (bytes[i] ?? 0) * 58;
      bytes[i] = carry & 255;
      carry >>= 8;
    }
    if (carry !== 0) return false;
  }
  const digest = sha256(sha256(bytes.subarray(0, 21)));
  return [0, 1, 2, 3].every((i) => digest[i] === bytes[21 + i]);
}

/** Bech32 (BIP 173) and Bech32m (BIP 350). */
export function isBech32(address: string): boolean {
  const text = address.toLowerCase();
  const separator = text.lastIndexOf('1');
  const values = [...text.slice(separator + 1)].map((character) => bech32.indexOf(character));
  if (separator < 1 || values.length < 14 || values.includes(-1)) return false;
  const prefix = [...text.slice(0, separator)].map((character) => character.charCodeAt(0));
  const checksum = polymod([...prefix.map((code) => code >> 5), 0, ...prefix.map((code) => code & 31), ...values]);
  return checksum === 1 || checksum === 0x2bc830a3;
}

function polymod(values: readonly number[]): number {
  const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
  return values.reduce((checksum, value) => {
    const top = checksum >>> 25;
    let next = ((checksum & 0x1ffffff) << 5) ^ value;
    generators.forEach((generator, bit) => {
      if (((top >>> bit) & 1) === 1) next ^= generator;
    });
    return next;
  }, 1);
}
