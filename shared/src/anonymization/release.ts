import { SdpError } from '../errors/index.ts';
import type { Cell } from './cell-describer.ts';
import { anyValue } from './generalized-value.ts';
import { ClassJudge, kAnonymity, type PrivacyModel } from './models/index.ts';
import { sortByClass } from './report/protection.ts';

/** Released instead of a value that can't be generalized enough. */
export const suppressedValue = anyValue;

/** Records that are released with the same values. */
export interface ReleasedClass {
  /** Generalized value per column, in their order. */
  readonly values: readonly string[];
  /** How many records share these values. */
  readonly size: number;
  /** The records had to be hidden altogether, since too few were like them: `values` are all `*`. */
  readonly suppressed: boolean;
}

export interface Anonymization {
  /** Class of each record, an index into `classes`. */
  readonly classOf: Uint32Array;
  readonly classes: readonly ReleasedClass[];
  /** By class, what its values cost, column by column. */
  readonly costs: readonly (readonly Pick<Cell, 'loss' | 'admitted'>[])[];
}

/** Puts classes together; those that come out alike, for instance both as `*`, become one. */
export class ReleaseBuilder {
  readonly #classOf: Uint32Array;
  readonly #classes: { readonly values: readonly string[]; size: number; readonly suppressed: boolean }[] = [];
  readonly #costs: (readonly Cell[])[] = [];
  readonly #known = new Map<string, number>();

  constructor(records: number) {
    this.#classOf = new Uint32Array(records);
  }

  /** @returns the class's place, for {@link put} */
  open(cells: readonly Cell[], suppressed: boolean): number {
    const values = cells.map(({ text }) => text);
    // A class whose values all became `*` is not one that was suppressed.
    const key = JSON.stringify(suppressed ? null : values);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#known.set(key, this.#classes.length);
    this.#costs.push(cells);
    return this.#classes.push({ values, size: 0, suppressed }) - 1;
  }

  put(record: number, position: number): void {
    this.#classOf[record] = position;
    const entry = this.#classes[position];
    if (entry) entry.size += 1;
  }

  finish(): Anonymization {
    return { classOf: this.#classOf, classes: this.#classes, costs: this.#costs };
  }
}

/**
 * Looks anew at what is to be released, so that a defect elsewhere can't break the promise unseen.
 *
 * @throws {SdpError} `internal`
 */
export function assertReleasable(
  { classOf, classes }: Anonymization,
  k: number,
  models: readonly PrivacyModel[] = [],
): void {
  const { order, starts } = sortByClass(classOf);
  const judge = new ClassJudge([kAnonymity(k), ...models]);
  const kept = classes.every(({ size, suppressed }, position) => {
    const [start = 0, end = start] = [starts[position], starts[position + 1]];
    return size === end - start && (suppressed || judge.allows(order, start, end));
  });
  const texts = new Set(classes.map(({ values, suppressed }) => JSON.stringify([values, suppressed])));
  if (!kept || texts.size !== classes.length) {
    throw new SdpError('internal', { message: 'the table is not as anonymous as was asked; nothing was released' });
  }
}
