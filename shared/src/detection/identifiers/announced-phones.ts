import type { DigitChunk } from '../digit-groups.ts';
import type { LocatedFinding } from '../finding.ts';

const fewestDigits = 7;
/** ITU-T E.164, and what is dialled in front of it for calls abroad. */
const mostDigits = 18;
/** More groups are a list of something else. */
const mostGroups = 24;

/**
 * Telephone numbers that words announce: the whole chunk, in as many pieces as it takes numbers to hold its digits, so
 * that none is left over. Numbers in a row are parted where a stroke stands between them or where their grouping begins
 * anew.
 *
 * @returns none where the chunk can be no number: few digits, a decimal, many groups
 */
export function announcedPhones(chunk: DigitChunk): LocatedFinding[] {
  if (chunk.length > mostGroups || chunk.some(({ digits }) => digits.length > mostDigits)) return [];
  if (chunk.slice(1).every(({ separator }) => separator === '.') && (chunk.length === 2 || isAddress(chunk))) return [];
  const sections = parted(chunk);
  return sections.flatMap((section) =>
    piecesOf(section).map((piece): LocatedFinding => {
      const end = piece.at(-1)?.end ?? 0;
      return { kind: 'phone', proven: false, start: piece[0]?.start ?? 0, end };
    }),
  );
}

const digitsOf = (groups: DigitChunk) => groups.reduce((sum, { digits }) => sum + digits.length, 0);

/** `192.168.10.1` */
function isAddress(chunk: DigitChunk): boolean {
  return chunk.length === 4 && chunk.every(({ digits }) => Number(digits) < 256);
}

/** At ` / ` and its kind, where there are enough digits for a number on both sides. */
function parted(chunk: DigitChunk): DigitChunk[] {
  const at = chunk.findIndex(
    ({ separator }, index) =>
      /^ ?[/-] $|^ [/-] ?$/.test(separator) &&
      digitsOf(chunk.slice(0, index)) >= fewestDigits &&
      digitsOf(chunk.slice(index)) >= fewestDigits,
  );
  return at < 0 ? [chunk] : [chunk.slice(0, at), ...parted(chunk.slice(at))];
}

function piecesOf(groups: DigitChunk): DigitChunk[] {
  const digits = digitsOf(groups);
  if (digits < fewestDigits) return [];
  for (let count = 2; digits / count >= fewestDigits; count += 1) {
    const size = groups.length / count;
    const repeats = groups.every(
      (group, index) => index < size || group.digits.length === groups[index - size]?.digits.length,
    );
    if (Number.isInteger(size) && repeats && (size > 1 || digits > mostDigits)) return chunksOf(groups, size);
  }
  if (digits <= mostDigits) return [groups];
  const wanted = digits / Math.ceil(digits / mostDigits);
  const pieces: DigitChunk[] = [];
  let rest = groups;
  while (digitsOf(rest) > mostDigits) {
    let size = 1;
    while (digitsOf(rest.slice(0, size)) < wanted && digitsOf(rest.slice(0, size + 1)) <= mostDigits) size += 1;
    // What is left has to be long enough for a number, or goes with the last one.
    if (digitsOf(rest.slice(size)) < fewestDigits) break;
    pieces.push(rest.slice(0, size));
    rest = rest.slice(size);
  }
  return [...pieces, rest];
}

function chunksOf(groups: DigitChunk, size: number): DigitChunk[] {
  return Array.from({ length: groups.length / size }, (_, index) => groups.slice(index * size, (index + 1) * size));
}
