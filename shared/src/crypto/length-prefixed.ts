/** A part of a {@link lengthPrefixed} encoding; strings count as UTF-8, numbers as their decimal digits. */
export type EncodablePart = string | number | Uint8Array;

/**
 * Joins parts so that no two different lists of parts give the same bytes: each part follows its length as an unsigned
 * 32-bit big-endian number. Everything that is hashed or bound as associated data goes through here, since a plain
 * concatenation lets `("ab", "c")` pass for `("a", "bc")`.
 */
export function lengthPrefixed(...parts: readonly EncodablePart[]): Buffer {
  const bytes = parts.map((part) => (part instanceof Uint8Array ? part : Buffer.from(String(part), 'utf8')));
  const out = Buffer.allocUnsafe(bytes.reduce((sum, part) => sum + 4 + part.length, 0));
  let offset = 0;
  for (const part of bytes) {
    offset = out.writeUInt32BE(part.length, offset);
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}
