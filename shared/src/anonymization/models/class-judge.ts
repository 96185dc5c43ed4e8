import type { EncodedColumn } from '../encoded-column.ts';
import type { PrivacyModel } from './privacy-model.ts';
import { ValueCounts } from './value-counts.ts';

const noValues = new ValueCounts(0);

/** Says whether records may be released as one class. */
export class ClassJudge {
  /** The sensitive columns that models look at, each once. */
  readonly columns: readonly EncodedColumn[];
  readonly #models: readonly PrivacyModel[];
  readonly #growing: readonly PrivacyModel[];
  readonly #byColumn: readonly (readonly PrivacyModel[])[];
  readonly #growingByColumn: readonly (readonly PrivacyModel[])[];
  readonly #values: readonly ValueCounts[];
  /** Records that a class needs at least. */
  readonly leastSize: number;
  /** Whether what satisfies the models still does with any records added. */
  readonly growsSafely: boolean;

  constructor(models: readonly PrivacyModel[]) {
    this.columns = [...new Set(models.flatMap(({ sensitive }) => (sensitive === undefined ? [] : [sensitive])))];
    this.#models = models.filter(({ sensitive }) => sensitive === undefined);
    this.#growing = this.#models.filter(({ growsSafely }) => growsSafely);
    this.#byColumn = this.columns.map((column) => models.filter(({ sensitive }) => sensitive === column));
    this.#growingByColumn = this.#byColumn.map((each) => each.filter(({ growsSafely }) => growsSafely));
    this.#values = this.columns.map((column) => new ValueCounts(column.texts.length));
    this.leastSize = Math.max(0, ...models.map(({ leastSize = 0 }) => leastSize));
    this.growsSafely = models.every(({ growsSafely }) => growsSafely);
  }

  /** Whether the records `order[start]` … `order[end − 1]` satisfy all models. */
  allows(order: Uint32Array, start: number, end: number): boolean {
    const size = end - start;
    return this.allowsCounted(size, (column, values) => {
      const { codes } = this.columns[column] as EncodedColumn;
      for (let index = start; index < end; index += 1) values.add(codes[order[index] as number] as number, 1);
    });
  }

  /** @param count fills in the values of a column, given by its place in {@link columns} */
  allowsCounted(size: number, count: (column: number, values: ValueCounts) => void, growingOnly = false): boolean {
    if (size < this.leastSize) return false;
    for (const model of growingOnly ? this.#growing : this.#models) if (!model.holds(size, noValues)) return false;
    for (const [column, values] of this.#values.entries()) {
      const models = (growingOnly ? this.#growingByColumn : this.#byColumn)[column] ?? [];
      if (models.length === 0) continue;
      values.clear();
      count(column, values);
      if (!models.every((model) => model.holds(size, values))) return false;
    }
    return true;
  }
}
