import { CellDescriber } from './cell-describer.ts';
import type { EncodedColumn } from './encoded-column.ts';
import { ClassJudge, kAnonymity } from './models/index.ts';
import { type MondrianOptions, type Partition, partitionByMondrian } from './mondrian/index.ts';
import { type Anonymization, assertReleasable, ReleaseBuilder } from './release.ts';

/** Records described between two yields. */
const recordsPerStep = 10_000;

export interface AnonymizationOptions extends MondrianOptions {
  /** Quasi-identifiers, all of the same length. */
  readonly columns: readonly EncodedColumn[];
}

/**
 * Makes a table k-anonymous: Sweeney, "k-Anonymity", IJUFKS 10(5), 2002, by {@link partitionByMondrian}. A table that
 * isn't as asked even as a single class, for instance one of fewer than `k` records, is suppressed. The guarantee is
 * checked on what is released before it is returned.
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
export function* anonymizeInSteps({ columns, ...options }: AnonymizationOptions): Generator<void, Anonymization> {
  const { k, models = [], generalizations = [] } = options;
  const partition = yield* partitionByMondrian(columns, options);
  const count = partition.order.length;
  const release = new ReleaseBuilder(count);
  const describers = columns.map((column, index) => new CellDescriber(column, generalizations[index]));
  // Only a table that could not be cut at all can be less than was asked.
  const judge = new ClassJudge([kAnonymity(k), ...models]);
  const suppressed = partition.starts.length === 2 && !judge.allows(partition.order, 0, count);
  let work = 0;
  for (let index = 0; index + 1 < partition.starts.length; index += 1) {
    const members = membersOf(partition, index);
    const cells = describers.map((describer) => (suppressed ? describer.hidden : describer.describe(members)));
    const position = release.open(cells, suppressed);
    for (const record of members) release.put(record, position);
    work += members.length;
    if (work >= recordsPerStep) {
      work = 0;
      yield;
    }
  }
  yield;
  const anonymization = release.finish();
  assertReleasable(anonymization, k, models);
  return anonymization;
}

function membersOf({ order, starts }: Partition, index: number): Uint32Array {
  return order.subarray(starts[index], starts[index + 1]);
}
