import { isAlphanumericAt, isDigitAt } from '../digit-groups.ts';
import { type Announced, type Announcements, stemsOf } from './announcements.ts';
import type { Definition } from './definition.ts';

const charactersBefore = 72;
const charactersAfter = 28;
const wordsBefore = 5;
const wordsAfter = 2;

/**
 * What the words around a place announce: up to five before it, up to two behind it. The value is how near they are:
 * 0 for a neighbour in front.
 */
export function announcedAround(announcements: Announcements, text: string, start: number, end: number): Announced {
  const before = stemsOf(text.slice(Math.max(0, start - charactersBefore), start)).slice(-wordsBefore);
  const after = stemsOf(text.slice(end, end + charactersAfter)).slice(0, wordsAfter);
  const announced = new Map<Definition, number>();
  for (const definition of announcements.in(after).keys()) announced.set(definition, wordsBefore);
  for (const [definition, distance] of announcements.in(before)) announced.set(definition, distance);
  return announced;
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
  if (after === 45 || after === 58 || after === 47) return !isAlphanumericAt(text, end + 1);
  if (after === 46 || after === 44) return !isDigitAt(text, end + 1);
  return !isAlphanumericAt(text, end);
}
