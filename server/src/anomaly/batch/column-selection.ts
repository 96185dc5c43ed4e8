import { InputError } from '@sdp/shared/errors';
import type { ColumnProfile } from './column-profile.ts';
import type { NumberForm } from './read-cell.ts';

/** A column counts as numbers or dates if this share of its filled cells are. */
const readableShare = 0.9;
/** Columns of numbers and dates emptier than this say more about who filled them in than about the record. */
const filledShare = 0.5;
/** Columns with more different values than this share of the filled cells name things, and every name is rare. */
const repeatingShare = 0.5;
/** Numbers that hardly repeat, as an estimate may be off. */
const hardlyRepeating = 0.9;
/** Whole numbers as long as this that never repeat are numbers of accounts and the like. */
const identifierDigits = 8;

/** Float32 tells numbers apart that differ by a sixteen millionth of their size: a range of so much has 4,000 steps. */
const closest = 2 ** -12;
/** Trees of scikit-learn's make split no finer than 1e-7. */
const smallestRange = 1e-4;
const spread = 1e6;

/** How a column is looked at. */
export type ColumnKind =
  /** `from` and `unit` spread the numbers out where float32 would see one number in all of them. */
  | { readonly kind: 'number'; readonly form: NumberForm; readonly from?: number; readonly unit?: number }
  | { readonly kind: 'date'; readonly hasTimes: boolean; readonly from: number }
  /** Records by the hash of their value; empty cells are a value like others. */
  | { readonly kind: 'category'; readonly counts: ReadonlyMap<number, number> };

export interface SelectedColumn {
  readonly index: number;
  readonly name: string;
  readonly as: ColumnKind;
}

interface SelectionInput {
  readonly columns: readonly string[];
  readonly keyIndex: number;
  readonly profiles: readonly ColumnProfile[];
  /** Columns asked for by name; all that say something but the key where left out. */
  readonly requested: readonly string[] | undefined;
  readonly excluded: readonly string[] | undefined;
}

/**
 * Chooses the columns that a forest can work with, and as what. Left out are those that never vary, and unless they are asked
 * for by name: the key, tokens, and whatever tells records apart without saying anything of them (texts and names that
 * hardly repeat, numbers of rows and of accounts). Numbers that might be of rows are looked at where there is nothing else.
 *
 * @returns ascending by index
 * @throws {InputError} `batch-unprocessable` when a column asked for isn't there or can't be used, or none is left
 */
export function selectColumns(input: SelectionInput): SelectedColumn[] {
  const requested = indicesOf(input.columns, input.requested);
  const excluded = new Set(indicesOf(input.columns, input.excluded));
  const candidates = requested ?? input.columns.map((_, index) => index).filter((index) => index !== input.keyIndex);
  const select = (options: KindOptions): SelectedColumn[] =>
    candidates.flatMap((index) => {
      if (excluded.has(index)) return [];
      const profile = input.profiles[index];
      const name = input.columns[index] as string;
      const as = profile && kindOf(profile, options);
      if (!as && requested) {
        throw unprocessable('a column asked for is mostly empty, or has too many different values', name);
      }
      return as && profile.distinct() + Number(as.kind === 'category' && profile.filled < profile.records) > 1
        ? [{ index, name, as }]
        : [];
    });
  const isAskedFor = requested !== undefined;
  const sure = select({ isAskedFor, withNumbersOfRows: isAskedFor });
  const selected = sure.length > 0 ? sure : select({ isAskedFor, withNumbersOfRows: true });
  if (selected.length === 0) throw unprocessable('no column says what is usual, so there is nothing to compare');
  return selected;
}

/** @throws {InputError} `batch-unprocessable` naming a column that the batch doesn't have */
export function indicesOf(columns: readonly string[], names: readonly string[] | undefined): number[] | undefined {
  if (!names) return undefined;
  const indices = names.map((name) => {
    const index = columns.indexOf(name);
    if (index < 0) throw unprocessable('a column that the parameters name is not in the batch', name);
    return index;
  });
  return [...new Set(indices)].sort((a, b) => a - b);
}

interface KindOptions {
  /** By its name: then it is looked at even if it tells records apart. */
  readonly isAskedFor: boolean;
  readonly withNumbersOfRows: boolean;
}

function kindOf(profile: ColumnProfile, { isAskedFor, withNumbersOfRows }: KindOptions): ColumnKind | undefined {
  const { filled, records, missing } = profile;
  if (filled === 0) return undefined;
  // Where most cells say that there is no value, that is what the column says.
  const told = filled - missing >= records * filledShare ? filled - missing : filled;
  const isReadable = (cells: number) => cells >= told * readableShare;
  const form = numberFormOf(profile);
  if (isReadable(cellsIn(profile, form)) || isReadable(profile.dates)) {
    if (told < records * filledShare || (isIdentifier(profile) && !withNumbersOfRows)) return undefined;
    if (!isReadable(profile.dates)) return { kind: 'number', form, ...spreadOut(profile) };
    return { kind: 'date', hasTimes: profile.times > profile.dates / 2, from: profile.earliestDay };
  }
  const { counts } = profile;
  if (!counts || profile.distinct() > filled * repeatingShare) return undefined;
  return isReadable(profile.tokens) && !isAskedFor ? undefined : { kind: 'category', counts };
}

/** Numbers that lie close together for their size, as times in milliseconds do, or closer than trees tell apart. */
function spreadOut({ numbers, lowest, highest }: ColumnProfile): { readonly from?: number; readonly unit?: number } {
  const range = highest - lowest;
  const size = Math.max(Math.abs(lowest), Math.abs(highest));
  if (numbers.grouped + numbers.comma > 0 || !(range > 0) || (range > size * closest && range > smallestRange))
    return {};
  return { from: lowest, unit: range / spread };
}

function cellsIn({ numbers, whole }: ColumnProfile, form: NumberForm): number {
  if (form === 'plain') return numbers.plain;
  return form === 'grouped' ? numbers.plain + numbers.grouped : whole + numbers.comma;
}

/** How most of a column's numbers are written; the plainer form where two read as many. */
export function numberFormOf(profile: ColumnProfile): NumberForm {
  return (['grouped', 'comma'] as const).reduce<NumberForm>(
    (best, form) => (cellsIn(profile, form) > cellsIn(profile, best) ? form : best),
    'plain',
  );
}

/** Whole numbers that never repeat and lie side by side, or are all of one length, as numbers of rows and accounts are. */
function isIdentifier(profile: ColumnProfile): boolean {
  const { whole, missing, lowest, highest, shortest, longest } = profile;
  const filled = profile.filled - missing;
  if (whole < filled || profile.distinct() < filled * hardlyRepeating) return false;
  const isCounter = filled > 2 && highest - lowest + 1 <= filled * 1.1;
  return isCounter || (shortest === longest && shortest >= identifierDigits);
}

function unprocessable(message: string, column?: string): InputError {
  return new InputError('batch-unprocessable', { message, ...(column === undefined ? {} : { details: { column } }) });
}
