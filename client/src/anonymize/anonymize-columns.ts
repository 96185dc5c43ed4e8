import {
  type Anonymization,
  anonymizeInSteps,
  anonymizeOptimallyInSteps,
  type EncodedColumn,
  generalizationOf,
  type HierarchySpec,
} from '@sdp/shared/anonymization';
import type { AnonymizeConfig } from './anonymize-plan.ts';
import type { RoledColumn } from './assign-roles.ts';
import type { ReadColumns } from './read-columns.ts';
import { askedOf, modelsOf } from './release-models.ts';

export interface Release extends Anonymization {
  /** Of a full-domain release: the level of each quasi-identifier and how many there are, and what the search took. */
  readonly search?: {
    readonly levels: Readonly<Record<string, readonly [number, number]>>;
    readonly transformations: number;
    readonly checked: number;
  };
}

/** Runs the algorithm that the configuration names. @throws {InputError} `anonymization-impossible` */
export async function anonymizeColumns(
  quasi: readonly EncodedColumn[],
  columns: readonly RoledColumn[],
  read: ReadColumns,
  specs: ReadonlyMap<string, HierarchySpec | undefined>,
  config: AnonymizeConfig,
  signal: AbortSignal,
): Promise<Release> {
  const { k = 1, algorithm = 'mondrian', objective = 'loss', relaxed = false, suppression_limit = 0 } = config;
  const models = columns.flatMap(({ name, role }) =>
    role.role === 'sensitive' ? modelsOf(read.judged.get(name) as EncodedColumn, askedOf(role, config)) : [],
  );
  const specOf = ({ name }: EncodedColumn) => specs.get(name);
  if (algorithm === 'mondrian') {
    const generalizations = quasi.map((column) => {
      const spec = specOf(column);
      return spec === undefined || spec.kind === 'auto' ? undefined : generalizationOf(column, spec);
    });
    return await inTurns(anonymizeInSteps({ columns: quasi, k, models, generalizations, relaxed }), signal);
  }
  const generalizations = quasi.map((column) => generalizationOf(column, specOf(column)));
  const found = await inTurns(
    anonymizeOptimallyInSteps({ generalizations, k, models, suppressionLimit: suppression_limit, objective }),
    signal,
  );
  const levels = Object.fromEntries(
    generalizations.map(({ column, levels: all }, index): [string, [number, number]] => [
      column.name,
      [found.levels[index] as number, all.length - 1],
    ]),
  );
  return { ...found, search: { levels, transformations: found.transformations, checked: found.checked } };
}

/** Runs the steps to the end, so that a signal is seen in between. */
async function inTurns<T>(steps: Generator<void, T>, signal: AbortSignal): Promise<T> {
  for (let last = performance.now(); ; ) {
    signal.throwIfAborted();
    const step = steps.next();
    if (step.done) return step.value;
    if (performance.now() - last < 100) continue;
    await new Promise((resolve) => setImmediate(resolve));
    last = performance.now();
  }
}
