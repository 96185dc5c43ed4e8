/**
 * Makes text harmless on a terminal: control characters (which start terminal sequences), the invisible characters
 * that reorder text, and lone surrogates are shown as escapes. Line feeds stay if asked for.
 */
export function escapeControl(text: string, { keepLineFeeds = false } = {}): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu, (character) =>
      character === '\n' && keepLineFeeds ? character : escapeOf(character.codePointAt(0) as number),
    );
}

function escapeOf(code: number): string {
  if (code === 0x09) return '\\t';
  if (code === 0x0a) return '\\n';
  if (code === 0x0d) return '\\r';
  return code > 0xff ? `\\u${code.toString(16).padStart(4, '0')}` : `\\x${code.toString(16).padStart(2, '0')}`;
}

/** One line of JSON in which what {@link escapeControl} escapes is escaped the way of JSON. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
