const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

// East Asian wide and fullwidth ranges (Unicode UAX #11) and the blocks that terminals draw as emoji.
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const emoji = /^\p{Emoji_Presentation}|\ufe0f/u;
const invisible = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;

/** Columns that the text takes up on a terminal. */
export function textWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += segmentWidth(segment);
  return width;
}

/** The text in lines of at most so many columns, broken behind a space where there is one, else anywhere. */
export function wrapText(text: string, width: number): string[] {
  if (textWidth(text) <= width) return [text];
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const { segment } of segmenter.segment(text)) {
    const more = segmentWidth(segment);
    if (used + more > width && line !== '') {
      const space = line.lastIndexOf(' ') + 1;
      // A break early in the line would waste most of it.
      const end = segment === ' ' || space * 2 <= line.length ? line.length : space;
      lines.push(line.slice(0, end).trimEnd());
      line = line.slice(end);
      used = textWidth(line);
      if (segment === ' ' && line === '') continue;
    }
    line += segment;
    used += more;
  }
  return line === '' ? lines : [...lines, line];
}

function segmentWidth(segment: string): number {
  if (invisible.test(segment)) return 0;
  return wide.test(segment) || emoji.test(segment) ? 2 : 1;
}
