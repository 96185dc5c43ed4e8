const cutSign = '…';

/** A text of at most `length` UTF-16 units; one that was cut says so by its end. */
export function cutText(text: string, length: number): string {
  if (text.length <= length) return text;
  const kept = text.slice(0, length - cutSign.length);
  // Not through a character of two units.
  return (/[\ud800-\udbff]$/.test(kept) ? kept.slice(0, -1) : kept) + cutSign;
}
