import { findIdentifiers, identifierKinds } from '../identifiers/index.ts';
import { scanAll } from '../scan.ts';
import type { ColumnView, Judgement } from './column-view.ts';
import { isFoundWhole } from './found-whole.ts';
import { phoneShape } from './value-shapes.ts';

/**
 * Identifiers inside of cells that hold other things too.
 *
 * @param certainOnly takes what a checksum proves and e-mail addresses alone
 */
export function embedded({ facts, cells }: ColumnView, certainOnly = false): Judgement | undefined {
  const counts = new Map<string, number>();
  let hits = 0;
  const texts = cells.filter((cell) => cell.length >= 5);
  // A form alone may be there by chance: it counts from the second cell on.
  const single = new Map<string, number>();
  for (const cell of texts) {
    for (const { kind, proven } of scanAll(cell))
      if (!proven && kind !== 'email') single.set(kind, (single.get(kind) ?? 0) + 1);
  }
  for (const cell of texts) {
    const found = new Set<string>();
    for (const { kind, proven } of scanAll(cell)) {
      if (proven || kind === 'email' || (!certainOnly && (single.get(kind) ?? 0) >= 2)) found.add(kind);
    }
    for (const { kind, proven } of cell.length > 8 && /\s/.test(cell) ? findIdentifiers(cell) : [])
      if (proven) found.add(kind);
    if (found.size > 0) hits += 1;
    for (const kind of found) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const share = hits / Math.max(1, facts.filled);
  // Numbers without meaning pass a checksum now and then.
  const lettered = cells.filter((cell) => /\p{L}/u.test(cell)).length / Math.max(1, facts.filled);
  const numeric = lettered < 0.2;
  if (hits === 0 || (numeric && share < 0.3)) return undefined;
  const found = facts.meanWords < 3 && leavesIdentifiers(facts.values);
  const list = [...counts].sort(([, a], [, b]) => b - a).map(([kind, count]) => `${labelOf(kind)} in ${count}`);
  return {
    type: facts.meanWords >= 3 ? 'free_text' : share >= 0.8 || found ? 'several_identifiers' : 'mixed',
    confidence: 0.85,
    evidence: [
      `identifiers stand inside of ${hits} of ${facts.filled} cells of the sample (${list.join(', ')})`,
      ...(found ? ['others look alike that no search in texts would find'] : []),
    ],
  };
}

const fewestDigits = 6;

/**
 * Whether numbers as long as identifiers are left over where most of such numbers are found, or all look like telephone
 * numbers as some are: then they are some as well.
 */
function leavesIdentifiers(values: readonly string[]): boolean {
  const suspects = values.filter((value) => (value.match(/\p{N}/gu)?.length ?? 0) >= fewestDigits);
  const left = suspects.filter((value) => !isFoundWhole(value)).length;
  return left > 0 && (left < suspects.length / 2 || suspects.every((value) => phoneShape(value) !== undefined));
}

function labelOf(kind: string): string {
  return identifierKinds.find((known) => known.kind === kind)?.label ?? kind;
}
