const whitespace = /[ \t\n\r]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON forbids them in strings (RFC 8259, section 7)
const needsParsing = /[\\\u0000-\u001f]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above; line ends stand between the records of a text
const special = /[\\\u0000-\u0009\u000b\u000c\u000e-\u001f]/;

/** Whether strings in the text can be taken as they stand: no escape, and no control character but line ends. */
export function isPlainText(text: string): boolean {
  return !special.test(text);
}

/** Position of the next character that isn't JSON's white space. */
export function skipWhitespace(text: string, at: number): number {
  if (text.charCodeAt(at) > 0x20) return at;
  whitespace.lastIndex = at;
  return at + (whitespace.exec(text)?.[0].length ?? 0);
}

/**
 * Reads the JSON string that begins at `start`.
 *
 * @returns undefined where there is none, or none that is well-formed
 */
export function readString(text: string, start: number): { value: string; end: number } | undefined {
  if (text[start] !== '"') return undefined;
  const close = closingQuote(text, start + 1);
  if (close === -1) return undefined;
  const body = text.slice(start + 1, close);
  if (!needsParsing.test(body)) return { value: body, end: close + 1 };
  try {
    return { value: JSON.parse(text.slice(start, close + 1)) as string, end: close + 1 };
  } catch {
    return undefined;
  }
}

/** The next quote that isn't escaped, or -1. */
export function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at !== -1; at = text.indexOf('"', at + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return at;
  }
  return -1;
}
