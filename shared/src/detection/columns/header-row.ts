import type { Dictionary } from './dictionary.ts';
import { foldedWords } from './fold-word.ts';
import { readColumnName } from './read-column-name.ts';
import * as shapes from './value-shapes.ts';

/**
 * Whether a table's first row names its columns. A row of data has cells of the forms that its columns have (numbers,
 * dates, addresses), values that come again below, or names of people and places where a header has words for them.
 *
 * @param rows some of the rows below the first
 */
export function hasHeaderRow(
  firstRow: readonly string[],
  rows: readonly (readonly string[])[],
  dictionary: Dictionary,
  thisYear: number,
): boolean {
  let header = 0;
  let data = 0;
  const cells = firstRow.map((cell) => cell.trim());
  // Series of years and of counters (V1, V2; 2019, 2020) name columns too.
  const numbers = cells.filter((cell) => /^\d+$/.test(cell)).map(Number);
  const series =
    numbers.length >= 3 &&
    numbers.every((number, index) => index === 0 || number === (numbers[index - 1] as number) + 1);
  cells.forEach((cell, index) => {
    if (cell === '') return;
    const reading = readColumnName(cell);
    if (reading.type !== undefined) header += reading.strength === 'exact' ? 2 : 1;
    else if (/^[\p{L}_][\p{L}\p{N}]*(?:_[\p{L}\p{N}]+)+$|^\p{Ll}+(?:\p{Lu}\p{Ll}+)+$/u.test(cell)) header += 1;
    const below = rows.map((row) => row[index]?.trim() ?? '').filter((value) => value !== '');
    if (below.length === 0) return;
    const dataBelow = below.filter((value) => isDataShaped(value, thisYear)).length / below.length;
    if (isDataShaped(cell, thisYear)) {
      if (dataBelow > 0.6 && !series) data += 2;
    } else if (dataBelow > 0.9 && reading.type === undefined) header += 1;
    if (reading.type === undefined && below.includes(cell)) data += 1;
    if (reading.type === undefined && isKnownName(cell, dictionary)) data += 1;
  });
  return data === 0 || header > data;
}

function isKnownName(cell: string, { firstNames, lastNames, cities, countries, regions }: Dictionary): boolean {
  const words = foldedWords(cell);
  const text = words.join(' ');
  if (words.length === 0 || words.length > 4) return false;
  return (
    [firstNames, lastNames, cities, countries, regions].some((list) => list.has(text)) ||
    (words.length > 1 && words.every((word) => firstNames.has(word) || lastNames.has(word)))
  );
}

/** Whether a cell has a form that no name of a column has. */
function isDataShaped(value: string, thisYear: number): boolean {
  return (
    shapes.isEmailCell(value) ||
    shapes.url.test(value) ||
    shapes.ipv4.test(value) ||
    shapes.yearOfDate(value, thisYear) !== undefined ||
    /^[+-]?\d+(?:[.,]\d+)?$/.test(value) ||
    ['plus', 'grouped', 'trunk'].includes(shapes.phoneShape(value) ?? '') ||
    shapes.isDistinctPostalCode(value) ||
    shapes.addressShape(value) === 'street'
  );
}
