import { createCipheriv, type KeyObject } from 'node:crypto';

/**
 * FF1 (NIST SP 800-38G, algorithms 7 and 8), one text at a time, step by step as the standard writes it and in big
 * integers only: slow, and independent of the product's code.
 */
export function naiveFf1(
  key: KeyObject,
  radix: number,
  tweak: Uint8Array,
  text: readonly number[],
  direction: 'encrypt' | 'decrypt',
): number[] {
  const n = text.length;
  const u = Math.floor(n / 2);
  const v = n - u;
  let a = text.slice(0, u);
  let b = text.slice(u);
  const bitsOfHalf = (BigInt(radix) ** BigInt(v) - 1n).toString(2).length;
  const bytes = Math.ceil(bitsOfHalf / 8);
  const d = 4 * Math.ceil(bytes / 4) + 4;
  const p = Buffer.concat([
    Buffer.from([1, 2, 1]),
    be(BigInt(radix), 3),
    Buffer.from([10, u % 256]),
    be(BigInt(n), 4),
    be(BigInt(tweak.length), 4),
  ]);
  for (let step = 0; step < 10; step += 1) {
    const i = direction === 'encrypt' ? step : 9 - step;
    const half = direction === 'encrypt' ? b : a;
    const zeros = (((-tweak.length - bytes - 1) % 16) + 16) % 16;
    const q = Buffer.concat([tweak, Buffer.alloc(zeros), Buffer.from([i]), be(num(half, radix), bytes)]);
    const r = cbcMac(key, Buffer.concat([p, q]));
    let s = r;
    for (let j = 1; s.length < d; j += 1) {
      const counter = be(BigInt(j), 16);
      s = Buffer.concat([s, aes(key, Buffer.from(r.map((byte, k) => byte ^ (counter[k] as number))))]);
    }
    const y = BigInt(`0x${s.subarray(0, d).toString('hex')}`);
    const m = i % 2 === 0 ? u : v;
    const modulus = BigInt(radix) ** BigInt(m);
    if (direction === 'encrypt') {
      const c = (num(a, radix) + y) % modulus;
      a = b;
      b = str(c, radix, m);
    } else {
      const c = (((num(b, radix) - y) % modulus) + modulus) % modulus;
      b = a;
      a = str(c, radix, m);
    }
  }
  return [...a, ...b];
}

function aes(key: KeyObject, block: Buffer): Buffer {
  const cipher = createCipheriv(`aes-${(key.symmetricKeySize ?? 0) * 8}-ecb`, key, null);
  cipher.setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]);
}

function cbcMac(key: KeyObject, message: Buffer): Buffer {
  let state: Buffer = Buffer.alloc(16);
  for (let at = 0; at < message.length; at += 16) {
    state = aes(key, Buffer.from(state.map((byte, k) => byte ^ (message[at + k] as number))));
  }
  return state;
}

function be(value: bigint, length: number): Buffer {
  return Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex');
}

function num(numerals: readonly number[], radix: number): bigint {
  return numerals.reduce((sum, numeral) => sum * BigInt(radix) + BigInt(numeral), 0n);
}

function str(value: bigint, radix: number, length: number): number[] {
  const numerals: number[] = [];
  for (let rest = value; numerals.length < length; rest /= BigInt(radix))
    numerals.unshift(Number(rest % BigInt(radix)));
  return numerals;
}
