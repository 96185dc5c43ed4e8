import type { DigitChunk } from '../digit-groups.ts';
import type { LocatedFinding } from '../finding.ts';
import { addWhereFree } from '../overlaps.ts';
import { findPhones, isDateTime } from '../phone.ts';
import { announcedPhones } from './announced-phones.ts';
import { planPhones } from './plan-phones.ts';

/**
 * Telephone numbers in a chunk of digit groups of a text that is to be tokenized: one that is found is found whole. Words
 * that announce it take the chunk as it stands; numbering plans go before the general formats of {@link findPhones}.
 *
 * @param region whose plan numbers without a country's code follow (ISO 3166-1 alpha-2)
 */
export function findTextPhones(
  text: string,
  chunk: DigitChunk,
  announced: boolean,
  region: string | undefined,
): LocatedFinding[] {
  const byPlan = planPhones(text, chunk, region);
  const wanted = announced && !coversAll(byPlan, chunk) && !isDateTime(chunk);
  const byWords = wanted ? announcedPhones(chunk) : [];
  const found = byWords.length > 0 ? byWords : addWhereFree(byPlan, findPhones(text, chunk));
  return found.map((phone) => withExtension(text, withOpening(text, phone)));
}

/** Whether every group is part of a find. */
function coversAll(found: readonly LocatedFinding[], chunk: DigitChunk): boolean {
  return chunk.every((group) => found.some(({ start, end }) => start <= group.start && group.end <= end));
}

/** The plus in front belongs to a number that is replaced, and the bracket that it closes: `+49 …`, `(11) …`. */
function withOpening(text: string, phone: LocatedFinding): LocatedFinding {
  let { start } = phone;
  const written = text.slice(start, phone.end);
  if (text[start - 1] === '(' && written.includes(')') && !/^[^)]*\(/.test(written)) start -= 1;
  if (text[start - 1] === '+') start -= 1;
  return { ...phone, start };
}

const extension = /^,? ?(?:x|ext\.?|extension|poste|durchwahl|dw|ramal|int\.?) ?\d{1,6}(?![\p{L}\p{N}])/iu;
const longestExtension = 20;

/** An extension goes with its number: `555-0132x12`. */
function withExtension(text: string, phone: LocatedFinding): LocatedFinding {
  const found = extension.exec(text.slice(phone.end, phone.end + longestExtension));
  return found === null ? phone : { ...phone, end: phone.end + found[0].length };
}
