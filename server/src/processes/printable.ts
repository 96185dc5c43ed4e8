/** A text of somebody else's as a terminal may have it: control characters are shown, not obeyed. */
export function printable(text: string, maxLength = 200): string {
  const shown = text.replace(/[^\P{C}]|\u2028|\u2029/gu, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
  return shown.length > maxLength ? `${shown.slice(0, maxLength - 1)}…` : shown;
}
