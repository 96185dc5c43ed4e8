import type { ColumnType } from './column-type.ts';
import { type ColumnView, type Judgement, percent } from './column-view.ts';
import { isFoundWhole } from './found-whole.ts';
import { phoneShape } from './value-shapes.ts';

/** Types whose values hold digits or an `@`. */
const written: ReadonlySet<ColumnType> = new Set<ColumnType>([
  'email',
  'phone',
  'payment_card',
  'iban',
  'national_id',
  'ip_address',
  'mac_address',
]);
const fewestWords = 0.5;

/**
 * A column of words with an identifier here and there: most of its different values are identifiers, most of its cells
 * are not. It is a mixed one if every cell that may hold one is found by the same search that replaces it in texts.
 */
export function judgeSparse({ facts, cells }: ColumnView, judged: Judgement): Judgement | undefined {
  const unknown = judged.type === 'other' || judged.type === 'category';
  if (!(written.has(judged.type) || unknown) || facts.uniqueness > 0.7) return undefined;
  const words = facts.values.filter((value) => /\p{L}{2}/u.test(value) && !/[\p{N}@]/u.test(value));
  if (words.length < 2) return undefined;
  const known = new Set(words);
  const share = cells.filter((cell) => known.has(cell)).length / facts.filled;
  if (share < fewestWords) return undefined;
  const suspects = facts.values.filter((value) => !known.has(value));
  if (unknown && !areTelephones(suspects)) return undefined;
  if (!suspects.every(isFoundWhole)) {
    if (!unknown) return undefined;
    return {
      type: 'several_identifiers',
      confidence: 0.6,
      evidence: [`${percent(share)} of the cells are words, most others are written as telephone numbers are`],
    };
  }
  return {
    type: 'mixed',
    confidence: 0.8,
    evidence: [`${percent(share)} of the cells are words, all others hold identifiers`, ...judged.evidence],
  };
}

function areTelephones(values: readonly string[]): boolean {
  const written = values.filter((value) => ['plus', 'grouped', 'trunk'].includes(phoneShape(value) ?? ''));
  return values.length >= 4 && written.length >= values.length * 0.8;
}
