import { type BlockEncryptor, blockBytes, type Ff1Layout, roundCount } from './ff1-layout.ts';

/** FF1's ten rounds over texts of any length, with numbers of any size: the steps of SP 800-38G as they stand there. */
export function bigRounds(
  layout: Ff1Layout,
  encryptBlocks: BlockEncryptor,
  numerals: Uint16Array,
  decrypt: boolean,
): void {
  const { radix, length, left, right } = layout;
  const moduli = [BigInt(radix) ** BigInt(left), BigInt(radix) ** BigInt(right)] as const;
  const texts = Array.from({ length: numerals.length / length }, (_, i) =>
    numerals.subarray(i * length, (i + 1) * length),
  );
  let a = texts.map((text) => numberOf(text.subarray(0, left), radix));
  let b = texts.map((text) => numberOf(text.subarray(left), radix));
  for (let step = 0; step < roundCount; step += 1) {
    const round = decrypt ? roundCount - 1 - step : step;
    const modulus = moduli[(round % 2) as 0 | 1];
    const [changed, keyed] = decrypt ? [b, a] : [a, b];
    const outputs = pseudorandom(layout, encryptBlocks, round, keyed);
    const next = changed.map((number, i) => {
      const sum = (number + (decrypt ? -1n : 1n) * (outputs[i] as bigint)) % modulus;
      return sum < 0n ? sum + modulus : sum;
    });
    [a, b] = decrypt ? [next, a] : [b, next];
  }
  for (const [i, text] of texts.entries()) {
    writeNumber(text.subarray(0, left), radix, a[i] as bigint);
    writeNumber(text.subarray(left), radix, b[i] as bigint);
  }
}

/** Steps 6.ii to 6.iv of each text: CBC-MAC over P and Q, stretched to d bytes, as a number. */
function pseudorandom(
  { chained, tail, numberBytes, outputBytes }: Ff1Layout,
  encryptBlocks: BlockEncryptor,
  round: number,
  numbers: readonly bigint[],
): bigint[] {
  const rest = numbers.map((number) => {
    const bytes = new Uint8Array(tail.length + 1 + numberBytes);
    bytes.set(tail);
    bytes[tail.length] = round;
    writeNumber(bytes.subarray(tail.length + 1), 256, number);
    return bytes;
  });
  const size = tail.length + 1 + numberBytes;
  let state = new Uint8Array(numbers.length * blockBytes);
  for (let i = 0; i < numbers.length; i += 1) state.set(chained, i * blockBytes);
  for (let at = 0; at < size; at += blockBytes) {
    for (const [i, bytes] of rest.entries()) {
      for (let j = 0; j < blockBytes; j += 1) {
        state[i * blockBytes + j] = (state[i * blockBytes + j] ?? 0) ^ (bytes[at + j] ?? 0);
      }
    }
    state = Uint8Array.from(encryptBlocks(state));
  }
  // S = R || CIPH(R xor [1]) || CIPH(R xor [2]) || …, cut to d bytes. The counter fits a byte: texts are bounded.
  const parts = [state];
  for (let counter = 1; counter * blockBytes < outputBytes; counter += 1) {
    const block = Uint8Array.from(state);
    for (let last = blockBytes - 2; last < block.length; last += blockBytes) {
      block[last] = (block[last] ?? 0) ^ (counter >> 8);
      block[last + 1] = (block[last + 1] ?? 0) ^ (counter & 255);
    }
    parts.push(Uint8Array.from(encryptBlocks(block)));
  }
  return numbers.map((_, i) => {
    const stretched = new Uint8Array(parts.length * blockBytes);
    for (const [p, part] of parts.entries()) {
      stretched.set(part.subarray(i * blockBytes, (i + 1) * blockBytes), p * blockBytes);
    }
    return numberOf(stretched.subarray(0, outputBytes), 256);
  });
}

function numberOf(numerals: Uint8Array | Uint16Array, radix: number): bigint {
  const base = BigInt(radix);
  let number = 0n;
  for (const numeral of numerals) number = number * base + BigInt(numeral);
  return number;
}

function writeNumber(numerals: Uint8Array | Uint16Array, radix: number, number: bigint): void {
  const base = BigInt(radix);
  let rest = number;
  for (let at = numerals.length - 1; at >= 0; at -= 1) {
    numerals[at] = Number(rest % base);
    rest /= base;
  }
}
