import type { Cell } from '@sdp/shared/contracts';
import { InputError } from '@sdp/shared/errors';

/** A column counts as numeric if this share of its filled cells are numbers. */
const numericShare = 0.9;
/** Columns emptier than this say more about who filled them in than about the record. */
const filledShare = 0.5;

/** What one pass over the records tells of each column. */
export interface ColumnProfile {
  numeric: number;
  filled: number;
  lowest: number;
  highest: number;
}

export function emptyProfile(): ColumnProfile {
  return { numeric: 0, filled: 0, lowest: Number.POSITIVE_INFINITY, highest: Number.NEGATIVE_INFINITY };
}

/** Takes one cell into account; `value` is its number, NaN if it has none. */
export function profileCell(profile: ColumnProfile, cell: Cell | undefined, value: number): void {
  if (cell === undefined || cell === null || cell === '') return;
  profile.filled += 1;
  if (Number.isNaN(value)) return;
  profile.numeric += 1;
  if (value < profile.lowest) profile.lowest = value;
  if (value > profile.highest) profile.highest = value;
}

interface SelectionInput {
  readonly columns: readonly string[];
  readonly keyIndex: number;
  readonly profiles: readonly ColumnProfile[];
  readonly recordCount: number;
  /** Columns asked for by name; all numeric ones but the key where left out. */
  readonly requested: readonly string[] | undefined;
}

/**
 * Chooses the columns that a forest can work with. Those that never vary are left out.
 *
 * @returns indices into `columns`, ascending
 * @throws {InputError} `batch-unprocessable` when a column asked for isn't there or isn't numeric, or none is left
 */
export function selectColumns(input: SelectionInput): number[] {
  const candidates = requestedIndices(input.columns, input.requested);
  for (const index of candidates ?? []) {
    if (!isNumeric(input, index)) throw unprocessable('a column asked for is not numeric', input.columns[index]);
  }
  const all = candidates ?? input.columns.map((_, index) => index).filter((index) => index !== input.keyIndex);
  const selected = all.filter((index) => isNumeric(input, index) && varies(input.profiles[index]));
  if (selected.length === 0) throw unprocessable('no numeric column varies, so there is nothing to compare');
  return selected;
}

/** @throws {InputError} `batch-unprocessable` naming a column that the batch doesn't have */
export function requestedIndices(
  columns: readonly string[],
  requested: readonly string[] | undefined,
): number[] | undefined {
  if (!requested) return undefined;
  const indices = requested.map((name) => {
    const index = columns.indexOf(name);
    if (index < 0) throw unprocessable('a column asked for is not in the batch', name);
    return index;
  });
  return [...new Set(indices)].sort((a, b) => a - b);
}

function isNumeric({ profiles, recordCount }: SelectionInput, index: number): boolean {
  const profile = profiles[index];
  if (!profile || profile.numeric === 0) return false;
  return profile.numeric >= profile.filled * numericShare && profile.filled >= recordCount * filledShare;
}

function varies(profile: ColumnProfile | undefined): boolean {
  return profile !== undefined && Math.fround(profile.lowest) < Math.fround(profile.highest);
}

function unprocessable(message: string, column?: string): InputError {
  return new InputError('batch-unprocessable', { message, ...(column === undefined ? {} : { details: { column } }) });
}
