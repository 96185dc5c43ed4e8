import { InputError } from '../../errors/index.ts';
import type { Cell } from '../cell-describer.ts';
import { anyValue } from '../generalized-value.ts';
import type { Generalization, GeneralizationLevel } from '../hierarchies/index.ts';
import { ClassJudge, kAnonymity, type PrivacyModel } from '../models/index.ts';
import { type Anonymization, assertReleasable, ReleaseBuilder } from '../release.ts';
import type { Objective } from './objective.ts';
import { type FoundTransformation, searchOptimum } from './optimal-search.ts';

export interface OptimalOptions {
  /** Quasi-identifiers with their hierarchies, all of the same length. */
  readonly generalizations: readonly Generalization[];
  readonly k: number;
  readonly models?: readonly PrivacyModel[];
  /** Share of the records that may be suppressed, 0–1; none where left out. */
  readonly suppressionLimit?: number;
  readonly objective?: Objective;
}

export interface OptimalAnonymization extends Anonymization {
  /** Level of each column; 0 are its values. */
  readonly levels: readonly number[];
  /** Of the objective, 0–1. */
  readonly cost: number;
  readonly transformations: number;
  readonly checked: number;
}

/** {@link anonymizeOptimallyInSteps} at once. */
export function anonymizeOptimally(options: OptimalOptions): OptimalAnonymization {
  const steps = anonymizeOptimallyInSteps(options);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/**
 * Generalizes every column to one level of its hierarchy, so that classes that aren't as asked have few enough records
 * to be suppressed, and at the least cost that this can be had for. See {@link searchOptimum}. The guarantee is checked
 * on what is released before it is returned.
 *
 * @throws {InputError} `anonymization-impossible` if no combination of levels does, or there are too many
 * @throws {SdpError} `internal` if the check fails, which would be a defect here
 */
export function* anonymizeOptimallyInSteps(options: OptimalOptions): Generator<void, OptimalAnonymization> {
  const { generalizations, k, models = [], suppressionLimit = 0, objective = 'loss' } = options;
  const records = generalizations[0]?.column.codes.length ?? 0;
  const { found, transformations, checked } = yield* searchOptimum({
    generalizations,
    judge: new ClassJudge([kAnonymity(k), ...models]),
    mostSuppressed: Math.floor(records * suppressionLimit + 1e-9),
    objective,
  });
  if (found === undefined) {
    throw new InputError('anonymization-impossible', {
      message: 'No generalization satisfies what was asked within the suppression limit',
    });
  }
  const anonymization = releaseOf(found, generalizations, records);
  yield;
  assertReleasable(anonymization, k, models);
  return { ...anonymization, levels: found.levels, cost: found.cost, transformations, checked };
}

function releaseOf(
  { levels, suppressed, table, tuples }: FoundTransformation,
  generalizations: readonly Generalization[],
  records: number,
): Anonymization {
  const release = new ReleaseBuilder(records);
  const cells = generalizations.map(({ column, levels: all }, index) =>
    cellsOf(all[levels[index] as number] as GeneralizationLevel, column.codes),
  );
  const hidden = generalizations.map((): Cell => ({ text: anyValue, loss: 1, admitted: records }));
  const levelGroups = generalizations.map(({ levels: all }, index) => all[levels[index] as number]?.groupOf);
  // Classes of the table by the groups that they release; a tuple's groups name its class.
  const positionOfClass = new Map<string, number>();
  const keyOf = (tuple: number) =>
    levelGroups.map((groupOf, index) => groupOf?.[tuples.codes[index]?.[tuple] as number]).join(' ');
  for (const [position, tuple] of table.tuples.entries()) {
    const isHidden = suppressed.has(position);
    const released = cells.map((byCode, index) => byCode[tuples.codes[index]?.[tuple] as number] as Cell);
    positionOfClass.set(keyOf(tuple), release.open(isHidden ? hidden : released, isHidden));
  }
  const positionOf = tuples.sizes.map((_, tuple) => positionOfClass.get(keyOf(tuple)) as number);
  for (const [record, tuple] of tuples.tupleOf.entries()) release.put(record, positionOf[tuple] as number);
  return release.finish();
}

/** By code, what is released for it. */
function cellsOf({ groupOf, labels, loss }: GeneralizationLevel, codes: Uint32Array): Cell[] {
  const admitted = new Float64Array(labels.length);
  for (const code of codes) {
    const group = groupOf[code] as number;
    admitted[group] = (admitted[group] as number) + 1;
  }
  return Array.from(groupOf, (group) => ({
    text: labels[group] as string,
    loss: loss[group] as number,
    admitted: admitted[group] as number,
  }));
}
