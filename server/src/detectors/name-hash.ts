/**
 * 52 bits of a text, as a whole number: two FNV-1a lanes with different offsets, each mixed by the finalizer of
 * MurmurHash3. It tells values apart without keeping them; it keeps nothing secret.
 *
 * @param start tells the same text in two places apart, such as the hash of the place
 */
export function nameHash(text: string, start = 0): number {
  let low = mix(0x811c_9dc5 ^ start);
  let high = mix(0x9747_b28c ^ Math.floor(start / 4_294_967_296));
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    low = Math.imul(low ^ unit, 0x0100_0193);
    high = Math.imul(high ^ unit, 0x0100_0197);
  }
  return (mix(high) >>> 12) * 4_294_967_296 + (mix(low ^ text.length) >>> 0);
}

function mix(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return mixed ^ (mixed >>> 16);
}
