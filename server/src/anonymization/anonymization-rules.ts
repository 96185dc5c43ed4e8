import {
  type Anonymization,
  anonymizeInSteps,
  anonymizeOptimallyInSteps,
  distinctDiversity,
  type EncodedColumn,
  entropyDiversity,
  generalizationOf,
  type HierarchySpec,
  type PrivacyModel,
  tCloseness,
} from '@sdp/shared/anonymization';
import type { ParamsOf } from '@sdp/shared/contracts';
import { InputError, SdpError } from '@sdp/shared/errors';

type Params = ParamsOf<'anonymization'>;

/** Versions of the algorithms: equal versions, parameters and batches give equal results. */
export const algorithmVersions = { mondrian: 'mondrian-1.0.0', optimal: 'full-domain-1.0.0' } as const;

/**
 * Anonymizes columns as a batch's parameters say, in steps of some milliseconds.
 *
 * @throws {InputError} `batch-unprocessable` if they can't be anonymized so
 */
export function* anonymizeColumns(
  quasi: readonly EncodedColumn[],
  sensitive: readonly EncodedColumn[],
  params: Params,
): Generator<void, Anonymization> {
  const models = sensitive.flatMap((column) => modelsOf(column, params));
  try {
    const anonymization = yield* params.algorithm === 'optimal'
      ? anonymizeOptimallyInSteps({
          generalizations: quasi.map((column) => generalizationOf(column, specOf(column, params))),
          k: params.k,
          models,
          suppressionLimit: params.suppression_limit ?? 0,
          objective: params.objective ?? 'loss',
        })
      : anonymizeInSteps({
          columns: quasi,
          k: params.k,
          models,
          generalizations: quasi.map((column) => {
            const spec = specOf(column, params);
            return spec === undefined || spec.kind === 'auto' ? undefined : generalizationOf(column, spec);
          }),
        });
    assertWithinLimit(anonymization, params.suppression_limit);
    return anonymization;
  } catch (error) {
    if (!(error instanceof SdpError) || !asked.includes(error.code)) throw error;
    throw new InputError('batch-unprocessable', {
      message: error.message,
      remedy: error.remedy,
      details: error.details,
    });
  }
}

/** Codes of what was asked and can't be done, in contrast to defects. */
const asked: readonly string[] = ['anonymization-impossible', 'hierarchy-invalid'];

function modelsOf(column: EncodedColumn, { l, l_model, t }: Params): PrivacyModel[] {
  return [
    ...(l === undefined ? [] : [l_model === 'entropy' ? entropyDiversity(column, l) : distinctDiversity(column, l)]),
    ...(t === undefined ? [] : [tCloseness(column, t)]),
  ];
}

function specOf({ name }: EncodedColumn, { hierarchies }: Params): HierarchySpec | undefined {
  if (hierarchies === undefined || !Object.hasOwn(hierarchies, name)) return undefined;
  const given = hierarchies[name];
  if (given === undefined) return undefined;
  return typeof given === 'string' ? { kind: given } : { kind: 'table', rows: given };
}

function assertWithinLimit({ classOf, classes }: Anonymization, limit: number | undefined): void {
  const suppressed = classes.reduce((sum, each) => sum + (each.suppressed ? each.size : 0), 0);
  if (limit === undefined || suppressed <= classOf.length * limit + 1e-9) return;
  throw new InputError('anonymization-impossible', {
    message: 'More records than allowed would have to be suppressed',
    details: { count: suppressed },
  });
}
