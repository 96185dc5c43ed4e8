import { isAlphanumericAt, isDigitAt } from '../digit-groups.ts';
import type { Announcement } from './announcements.ts';
import type { Definition } from './definition.ts';

/** About five words in front and two or three behind. */
const charactersBefore = 56;
const charactersAfter = 20;
/** Characters that count as one word of distance. */
const wordLength = 8;

/** What words near a place announce, and how many words lie between: 0 for a neighbour in front. */
export type Announced = ReadonlyMap<Definition, number>;

const nothing: Announced = new Map();

/** What is announced around a place. `announcements` are those of the whole text, in order of their ends. */
export function announcedAround(announcements: readonly Announcement[], start: number, end: number): Announced {
  if (announcements.length === 0) return nothing;
  let low = 0;
  let high = announcements.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((announcements[middle]?.end ?? 0) < start - charactersBefore) low = middle + 1;
    else high = middle;
  }
  let announced: Map<Definition, number> | undefined;
  for (let i = low; i < announcements.length; i += 1) {
    const entry = announcements[i];
    if (entry === undefined || entry.end > end + charactersAfter + wordLength) break;
    let distance: number;
    if (entry.end <= start) distance = (start - entry.end) / wordLength;
    else if (entry.start >= end && entry.start <= end + charactersAfter) distance = charactersBefore / wordLength;
    else continue;
    announced ??= new Map();
    if (distance < (announced.get(entry.definition) ?? Number.POSITIVE_INFINITY))
      announced.set(entry.definition, distance);
  }
  return announced ?? nothing;
}

/**
 * Whether a value of letters and digits may begin here: not in the middle of a decimal number, of a name joined by
 * hyphens or underscores, or behind a plus.
 */
export function mayStartAt(text: string, start: number): boolean {
  const before = text.charCodeAt(start - 1);
  if (before === 32 || start === 0) return true;
  // + _ - . ,
  if (before === 43 || before === 95) return false;
  if (before === 45 || before === 46 || before === 44) {
    return !isAlphanumericAt(text, start - 2) || (before === 44 && !isDigitAt(text, start - 2));
  }
  return true;
}

/** Whether a value may end here: no letter, digit or further group is joined to it. */
export function mayEndAt(text: string, end: number): boolean {
  if (end >= text.length) return true;
  const after = text.charCodeAt(end);
  if (after === 32) return true;
  // _ and @ join; - . , : / % join what follows them without a blank.
  if (after === 95 || after === 64 || after === 37) return false;
  if (after === 47 && isLongNumberAt(text, end + 1)) return true;
  if (after === 45 || after === 58 || after === 47) return !isAlphanumericAt(text, end + 1);
  if (after === 46 || after === 44) return !isDigitAt(text, end + 1);
  return !isAlphanumericAt(text, end);
}

const longestAfterStroke = 32;

/** `921364038/921364039`: a stroke between two identifiers, where one in a date or a path has less behind it. */
function isLongNumberAt(text: string, start: number): boolean {
  let end = start;
  let digits = 0;
  while (end - start < longestAfterStroke) {
    if (isDigitAt(text, end)) digits += 1;
    else if (!isAlphanumericAt(text, end) && !(' .-'.includes(text[end] ?? '/') && isAlphanumericAt(text, end + 1)))
      break;
    end += 1;
  }
  return end - start >= 7 && digits >= 5;
}
