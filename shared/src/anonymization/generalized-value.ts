import type { EncodedColumn, ValueKind } from './encoded-column.ts';

/** Stands for any value. */
export const anyValue = '*';

/** More categories than these are no longer listed. */
const listedCategories = 8;
/** Longer texts are no longer shown. */
const longestText = 256;

const orEmpty = ' or empty';

/**
 * One text that covers the values of all records of a class:
 * - `42` if they are equal (empty stays empty),
 * - `[20, 29]` for numbers and dates, from the smallest to the largest that occurs,
 * - `{a, b}` for up to 8 categories, a category quoted where it holds a sign of the notation,
 * - `*` for anything beyond; and ` or empty` behind where some cells are missing.
 *
 * It never starts with a sign that a spreadsheet takes for a formula, whatever the values are.
 *
 * @param codes the distinct codes that occur, ascending
 */
export function generalize(column: Pick<EncodedColumn, 'kind' | 'texts'>, codes: ArrayLike<number>): string {
  const first = codes[0] as number;
  const last = codes[codes.length - 1] as number;
  if (last === 0) return '';
  const hasGaps = first === 0;
  const filled = hasGaps ? Array.from(codes).slice(1) : Array.from(codes);
  const text = cover(column, filled);
  return hasGaps && text !== anyValue ? text + orEmpty : text;
}

function cover(column: Pick<EncodedColumn, 'kind' | 'texts'>, codes: readonly number[]): string {
  if (codes.length > listedCategories && column.kind === 'categorical') return anyValue;
  const texts = codes.map((code) => column.texts[code] as string);
  const [first = '', last = first] = [texts[0], texts.at(-1)];
  if (texts.length === 1) return plainLabel(first, column.kind);
  const text = column.kind === 'categorical' ? `{${texts.map(category).join(', ')}}` : `[${first}, ${last}]`;
  return text.length <= longestText ? text : anyValue;
}

/** A value or label that stays itself, in the class notation where it could be taken for something else. */
export function plainLabel(text: string, kind: ValueKind): string {
  if (text.length > longestText) return anyValue;
  if (kind !== 'categorical') return /^[+-]/.test(text) ? `[${text}]` : text;
  return ambiguous.test(text) || text.endsWith(orEmpty) ? `{${category(text)}}` : text;
}

/** Starts of formulas, of the notation itself, and blanks before either. */
const ambiguous = /^[\s=+\-@*[{"'|%]/u;

/** A hierarchy's label as it is released: as it stands, unless a spreadsheet would take it for a formula. */
export function hierarchyLabel(text: string): string {
  if (text.length > longestText) return anyValue;
  return /^[\s=+\-@]/u.test(text) ? `{${text}}` : text;
}

function category(text: string): string {
  return /[,{}"\p{Cc}]|^\s|\s$/u.test(text) ? JSON.stringify(text) : text;
}
