import { type BlockEncryptor, blockBytes, type Ff1Layout, roundCount } from './ff1-layout.ts';

/**
 * FF1's ten rounds over texts whose halves are numbers below 2^37, as those of up to 22 digits are.
 *
 * All arithmetic is exact in IEEE double precision: a remainder is carried over 16 bits at a time, so that nothing
 * exceeds 2^53, and {@link remainder} corrects the one that a rounded quotient can be off by.
 */
export function fastRounds(
  layout: Ff1Layout,
  encryptBlocks: BlockEncryptor,
  numerals: Uint16Array,
  decrypt: boolean,
): void {
  const { radix, length, left, right } = layout;
  const count = numerals.length / length;
  // The halves trade places after each round. After ten, each is where it began.
  let a = new Float64Array(count);
  let b = new Float64Array(count);
  readHalves(numerals, length, left, radix, a, b);

  const blocks = new Uint8Array(count * blockBytes);
  const template = new DataView(blockTemplate(layout).buffer);
  const roundByte = blockBytes - 1 - layout.numberBytes;
  const view = new DataView(blocks.buffer);
  fill(view, template, count);
  for (let step = 0; step < roundCount; step += 1) {
    const round = decrypt ? roundCount - 1 - step : step;
    const fixed = new DataView(template.buffer.slice(0));
    fixed.setUint8(roundByte, fixed.getUint8(roundByte) ^ round);
    const modulus = radix ** (round % 2 === 0 ? left : right);
    const [changed, keyed] = decrypt ? [b, a] : [a, b];
    putNumbers(view, fixed, keyed);
    const out = encryptBlocks(blocks);
    const output = new DataView(out.buffer, out.byteOffset, out.byteLength);
    const add = layout.outputBytes === 8 ? addShort : addLong;
    add(changed, output, modulus, decrypt ? -1 : 1);
    [a, b] = [b, a];
  }
  writeHalves(numerals, length, left, radix, a, b);
}

/** The block of Q that holds round and half, with the chain so far on it, and both of them 0. */
function blockTemplate({ chained, tail }: Ff1Layout): Uint8Array {
  const block = Uint8Array.from(chained);
  for (const [i, byte] of tail.entries()) block[i] = (block[i] ?? 0) ^ byte;
  return block;
}

/** The first two words never change: they are written once for all rounds. */
function fill(view: DataView, template: DataView, count: number): void {
  const [w0, w1] = [template.getUint32(0), template.getUint32(4)];
  for (let i = 0, at = 0; i < count; i += 1, at += blockBytes) {
    view.setUint32(at, w0);
    view.setUint32(at + 4, w1);
  }
}

function putNumbers(view: DataView, fixed: DataView, numbers: Float64Array): void {
  const [w2, w3] = [fixed.getUint32(8), fixed.getUint32(12)];
  for (let i = 0, at = 8; i < numbers.length; i += 1, at += blockBytes) {
    const number = numbers[i] as number;
    const high = Math.floor(number * 2 ** -32);
    view.setUint32(at, w2 ^ high);
    view.setUint32(at + 4, w3 ^ (number - high * 2 ** 32));
  }
}

/** Adds the first 8 bytes of each block to each half, or takes them off. The modulus is below 2^32. */
function addShort(halves: Float64Array, output: DataView, modulus: number, sign: number): void {
  const inverse = 1 / modulus;
  // 2^48 and 2^32 by the modulus: three products below 2^48 and their sum stay exact.
  const c3 = 2 ** 48 % modulus;
  const c2 = 2 ** 32 % modulus;
  for (let i = 0, at = 0; i < halves.length; i += 1, at += blockBytes) {
    const high = output.getUint32(at);
    const y = remainder((high >>> 16) * c3 + (high & 65_535) * c2 + output.getUint32(at + 4), modulus, inverse);
    const sum = (halves[i] as number) + sign * y;
    halves[i] = sum >= modulus ? sum - modulus : sum < 0 ? sum + modulus : sum;
  }
}

/** As {@link addShort}, of the first 12 bytes and for a modulus below 2^37. */
function addLong(halves: Float64Array, output: DataView, modulus: number, sign: number): void {
  const inverse = 1 / modulus;
  for (let i = 0, at = 0; i < halves.length; i += 1, at += blockBytes) {
    let y = remainder(output.getUint32(at), modulus, inverse);
    for (let part = 4; part < 12; part += 2) y = remainder(y * 65_536 + output.getUint16(at + part), modulus, inverse);
    const sum = (halves[i] as number) + sign * y;
    halves[i] = sum >= modulus ? sum - modulus : sum < 0 ? sum + modulus : sum;
  }
}

/** `value % modulus` for whole numbers below 2^53, without a division; `inverse` is `1 / modulus`. */
export function remainder(value: number, modulus: number, inverse: number): number {
  const rest = value - Math.floor(value * inverse) * modulus;
  return rest < 0 ? rest + modulus : rest >= modulus ? rest - modulus : rest;
}

function readHalves(
  numerals: Uint16Array,
  length: number,
  left: number,
  radix: number,
  a: Float64Array,
  b: Float64Array,
): void {
  for (let i = 0, at = 0; i < a.length; i += 1) {
    let number = 0;
    for (const end = at + left; at < end; at += 1) number = number * radix + (numerals[at] as number);
    a[i] = number;
    number = 0;
    for (const end = at + length - left; at < end; at += 1) number = number * radix + (numerals[at] as number);
    b[i] = number;
  }
}

function writeHalves(
  numerals: Uint16Array,
  length: number,
  left: number,
  radix: number,
  a: Float64Array,
  b: Float64Array,
): void {
  for (let i = 0, start = 0; i < a.length; i += 1, start += length) {
    writeNumber(numerals, start, left, radix, a[i] as number);
    writeNumber(numerals, start + left, length - left, radix, b[i] as number);
  }
}

function writeNumber(numerals: Uint16Array, start: number, size: number, radix: number, number: number): void {
  let rest = number;
  for (let at = start + size - 1; at >= start; at -= 1) {
    const next = Math.floor(rest / radix);
    numerals[at] = rest - next * radix;
    rest = next;
  }
}
