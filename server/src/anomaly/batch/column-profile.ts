import type { Cell } from '@sdp/shared/contracts';
import { isHashToken, isToken } from '@sdp/shared/tokenization';
import { nameHash } from '../../detectors/index.ts';
import { DistinctEstimate } from './distinct-estimate.ts';
import { categoryOf, isEmpty, type NumberForm, readDate, readNumber, saysMissing } from './read-cell.ts';

/** Different values that are counted one by one. */
export const mostCategories = 2_000;

/** What one pass over the records tells of a column. */
export class ColumnProfile {
  records = 0;
  filled = 0;
  /** Filled cells that say that there is no value. */
  missing = 0;
  tokens = 0;
  /** Plain numbers, and cells that are numbers in another form only. */
  readonly numbers: Record<NumberForm, number> = { plain: 0, grouped: 0, comma: 0 };
  dates = 0;
  /** Dates with a time other than midnight. */
  times = 0;
  earliestDay = Number.POSITIVE_INFINITY;
  /** Plain numbers that are whole, and the smallest and largest plain number. */
  whole = 0;
  lowest = Number.POSITIVE_INFINITY;
  highest = Number.NEGATIVE_INFINITY;
  /** Characters of the shortest and the longest filled cell. */
  shortest = Number.POSITIVE_INFINITY;
  longest = 0;
  /** Records by the hash of their value, empty cells included; undefined once there are too many. */
  counts: Map<number, number> | undefined = new Map();
  readonly #distinct = new DistinctEstimate();

  add(cell: Cell | undefined): void {
    this.records += 1;
    const text = categoryOf(cell);
    const hash = nameHash(text);
    this.#count(hash);
    if (isEmpty(cell)) return;
    this.filled += 1;
    this.#distinct.add(hash);
    this.shortest = Math.min(this.shortest, text.length);
    this.longest = Math.max(this.longest, text.length);
    if (saysMissing(cell)) this.missing += 1;
    else if (isToken(text) || isHashToken(text)) this.tokens += 1;
    else if (!this.#addNumber(cell)) this.#addDate(cell);
  }

  /** Different values among the filled cells: exact while they are few. */
  distinct(): number {
    if (!this.counts) return this.#distinct.count();
    return this.counts.size - (this.filled < this.records ? 1 : 0);
  }

  #count(hash: number): void {
    if (!this.counts) return;
    this.counts.set(hash, (this.counts.get(hash) ?? 0) + 1);
    if (this.counts.size > mostCategories) this.counts = undefined;
  }

  #addNumber(cell: Cell | undefined): boolean {
    const value = readNumber(cell, 'plain');
    if (!Number.isNaN(value)) {
      this.numbers.plain += 1;
      if (Number.isInteger(value)) this.whole += 1;
      if (value < this.lowest) this.lowest = value;
      if (value > this.highest) this.highest = value;
      return true;
    }
    const grouped = !Number.isNaN(readNumber(cell, 'grouped'));
    const comma = !Number.isNaN(readNumber(cell, 'comma'));
    if (grouped) this.numbers.grouped += 1;
    if (comma) this.numbers.comma += 1;
    return grouped || comma;
  }

  #addDate(cell: Cell | undefined): void {
    const date = readDate(cell);
    if (!date) return;
    this.dates += 1;
    if (date.hours) this.times += 1;
    if (date.days < this.earliestDay) this.earliestDay = Math.floor(date.days);
  }
}
