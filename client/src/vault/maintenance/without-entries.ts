import { OpenedBlock, writeLength } from '../block.ts';
import { tokenBytes } from '../format.ts';

/** The plaintext of a block with some of its entries erased: zeros for the token, no value. The others keep their slots. */
export function withoutEntries(plaintext: Buffer, slots: readonly number[]): Buffer {
  const block = OpenedBlock.parse(plaintext);
  if (block === undefined) throw new RangeError('The bytes are no block.');
  const erased = new Set(slots);
  const out = Buffer.alloc(plaintext.length);
  const values: Buffer[] = [];
  out[0] = block.count;
  let at = 1 + block.count * tokenBytes;
  for (let slot = 0; slot < block.count; slot++) {
    const value = Buffer.from(erased.has(slot) ? '' : block.value(slot), 'utf8');
    if (!erased.has(slot)) out.set(block.token(slot), 1 + slot * tokenBytes);
    at = writeLength(out, at, value.length);
    values.push(value);
  }
  for (const value of values) {
    out.set(value, at);
    at += value.length;
  }
  return out.subarray(0, at);
}
