/** A part of a {@link lengthPrefixed} encoding; strings count as UTF-8, numbers as their decimal digits. */
export type EncodablePart = string | number | Uint8Array;

/**
 * Joins parts so that no two different lists of parts give the same bytes: each part follows its length as an unsigned
 * 32-bit big-endian number. Everything that is hashed or bound as associated data goes through here, since a plain
 * concatenation lets `("ab", "c")` pass for `("a", "bc")`.
 */
export function lengthPrefixed(...parts: readonly EncodablePart[]): Buffer {
  // Sized first and written in place: this runs several times for each message and value.
  let size = 0;
  for (const part of parts) size += 4 + sizeOf(part);
  const out = Buffer.allocUnsafe(size);
  let offset = 0;
  for (const part of parts) {
    if (part instanceof Uint8Array) {
      offset = out.writeUInt32BE(part.length, offset);
      out.set(part, offset);
      offset += part.length;
    } else {
      const length = out.write(String(part), offset + 4, 'utf8');
      out.writeUInt32BE(length, offset);
      offset += 4 + length;
    }
  }
  return out;
}

function sizeOf(part: EncodablePart): number {
  return part instanceof Uint8Array ? part.length : Buffer.byteLength(String(part), 'utf8');
}
