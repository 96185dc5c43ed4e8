import { SdpError } from '../errors/index.ts';
import type { EncodedColumn } from './encoded-column.ts';
import { anyValue, generalize } from './generalized-value.ts';
import { type Partition, partitionByMondrian } from './mondrian.ts';

/** Records described between two yields. */
const recordsPerStep = 10_000;

/** Released instead of a value that can't be generalized enough. */
export const suppressedValue = anyValue;

export interface AnonymizationOptions {
  /** Quasi-identifiers, all of the same length. */
  readonly columns: readonly EncodedColumn[];
  /** Every released combination is shared by at least `k` records. */
  readonly k: number;
}

/** Records that are released with the same values. */
export interface ReleasedClass {
  /** Generalized value per column, in their order. */
  readonly values: readonly string[];
  /** How many records share these values. */
  readonly size: number;
  /** Fewer than `k` records had to be hidden altogether: `values` are all `*`. */
  readonly suppressed: boolean;
}

export interface Anonymization {
  /** Class of each record, an index into `classes`. */
  readonly classOf: Uint32Array;
  readonly classes: readonly ReleasedClass[];
}

/**
 * Makes a table k-anonymous: Sweeney, "k-Anonymity", IJUFKS 10(5), 2002, by {@link partitionByMondrian}. A table of
 * fewer than `k` records is suppressed. The guarantee is checked on what is released before it is returned.
 *
 * @throws {SdpError} `internal` if the check fails, which would be a defect here
 */
export function anonymize(options: AnonymizationOptions): Anonymization {
  const steps = anonymizeInSteps(options);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** {@link anonymize}, yielding every few milliseconds so that a server can answer others in between. */
export function* anonymizeInSteps({ columns, k }: AnonymizationOptions): Generator<void, Anonymization> {
  const partition = yield* partitionByMondrian(columns, k);
  const count = partition.order.length;
  const classOf = new Uint32Array(count);
  const classes: { values: readonly string[]; size: number; suppressed: boolean }[] = [];
  const known = new Map<string, number>();
  const suppressed = count < k;
  let work = 0;
  for (let index = 0; index + 1 < partition.starts.length; index += 1) {
    const members = membersOf(partition, index);
    const values = columns.map((column) =>
      suppressed ? suppressedValue : generalize(column, codesOf(column, members)),
    );
    // Two classes may come out alike, for instance both as `*`: then they are one.
    const key = JSON.stringify(values);
    const position = known.get(key) ?? classes.length;
    if (position === classes.length) {
      known.set(key, position);
      classes.push({ values, size: 0, suppressed });
    }
    for (const record of members) classOf[record] = position;
    const released = classes[position];
    if (released) released.size += members.length;
    work += members.length;
    if (work >= recordsPerStep) {
      work = 0;
      yield;
    }
  }
  yield;
  assertAnonymous(classOf, classes, k);
  return { classOf, classes };
}

function membersOf({ order, starts }: Partition, index: number): Uint32Array {
  return order.subarray(starts[index], starts[index + 1]);
}

/** Distinct codes of the records, ascending. */
function codesOf(column: EncodedColumn, members: Uint32Array): Uint32Array {
  const codes = members.map((record) => column.codes[record] as number).sort();
  let distinct = 0;
  for (const code of codes) {
    if (distinct === 0 || codes[distinct - 1] !== code) {
      codes[distinct] = code;
      distinct += 1;
    }
  }
  return codes.subarray(0, distinct);
}

/** Counts anew what is released, so that a defect above can't break the promise unseen. */
function assertAnonymous(classOf: Uint32Array, classes: readonly ReleasedClass[], k: number): void {
  const sizes = new Uint32Array(classes.length);
  for (const position of classOf) sizes[position] = (sizes[position] as number) + 1;
  const texts = new Set(classes.map(({ values }) => JSON.stringify(values)));
  const kept = classes.every(({ size, suppressed }, position) => size === sizes[position] && (suppressed || size >= k));
  if (!kept || texts.size !== classes.length) {
    throw new SdpError('internal', { message: 'the anonymized table is not k-anonymous; nothing was released' });
  }
}
