import {
  type Bins,
  type Decimal,
  decimalOne,
  type NoiseKind,
  noiseKinds,
  type PrivacyParameters,
  type PrivateStatistic,
  parseDecimal,
  privateCount,
  privateHistogram,
  privateMean,
  privateQuantiles,
  privateSum,
  type StatisticOptions,
} from '@sdp/shared/anonymization/privacy';
import { numberOfCell } from '@sdp/shared/contracts';
import { nearestName } from '@sdp/shared/errors';

export const statisticNames = ['count', 'sum', 'mean', 'histogram', 'quantile'] as const;
export type StatisticName = (typeof statisticNames)[number];

/** A question as it was written down, in flags or in YAML: all of it text. */
export interface WrittenQuestion {
  readonly statistic?: string | undefined;
  readonly column?: string | undefined;
  readonly bounds?: readonly string[] | undefined;
  readonly edges?: readonly string[] | undefined;
  readonly categories?: readonly string[] | undefined;
  readonly quantiles?: readonly string[] | undefined;
  readonly group_by?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly noise?: string | undefined;
  readonly epsilon?: string | undefined;
  readonly delta?: string | undefined;
  readonly rho?: string | undefined;
}

export const questionFields = [
  'statistic',
  'column',
  'bounds',
  'edges',
  'categories',
  'quantiles',
  'group_by',
  'groups',
  'noise',
  'epsilon',
  'delta',
  'rho',
] as const satisfies readonly (keyof WrittenQuestion)[];

/** A question that can be charged and answered. */
export interface Question {
  readonly statistic: StatisticName;
  /** Missing for a count. */
  readonly column: string | undefined;
  readonly groupBy: string | undefined;
  /** One group with the name '' where there are none. */
  readonly groups: readonly string[];
  readonly plan: PrivateStatistic;
}

/** Told of each thing that is wrong, and of which field. */
export type Complain = (field: keyof WrittenQuestion, message: string) => void;

/** Largest epsilon of one question; beyond it nothing is kept private. */
const mostEpsilon = 20n * decimalOne;

/** @returns `undefined` where something is wrong, which `complain` was told of */
export function readQuestion(
  written: WrittenQuestion,
  options: StatisticOptions,
  complain: Complain,
): Question | undefined {
  let isRight = true;
  const wrong: Complain = (field, message) => {
    isRight = false;
    complain(field, message);
  };
  const statistic = statisticNames.find((name) => name === written.statistic);
  if (statistic === undefined) {
    const near = nearestName(written.statistic ?? '', statisticNames);
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    wrong('statistic', `has to be one of ${statisticNames.join(', ')}${hint}`);
    return undefined;
  }
  assertFields(statistic, written, wrong);
  const parameters = readParameters(written, wrong);
  const groups = readGroups(written, wrong);
  if (parameters === undefined || !isRight) return undefined;
  try {
    const plan = planOf(statistic, written, parameters, options, wrong);
    if (plan === undefined || !isRight) return undefined;
    return { statistic, column: written.column, groupBy: written.group_by, groups, plan };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    wrong('statistic', error.message);
    return undefined;
  }
}

const fieldsOf: Readonly<Record<StatisticName, readonly (keyof WrittenQuestion)[]>> = {
  count: [],
  sum: ['column', 'bounds'],
  mean: ['column', 'bounds'],
  histogram: ['column', 'edges', 'categories'],
  quantile: ['column', 'bounds', 'quantiles'],
};

function assertFields(statistic: StatisticName, written: WrittenQuestion, wrong: Complain): void {
  const own = fieldsOf[statistic];
  for (const field of ['column', 'bounds', 'edges', 'categories', 'quantiles'] as const) {
    if (written[field] !== undefined && !own.includes(field)) wrong(field, `is not for a ${statistic}`);
    const isNeeded = own.includes(field) && field !== 'edges' && field !== 'categories';
    if (isNeeded && written[field] === undefined) wrong(field, `is missing; a ${statistic} needs it`);
  }
  if (statistic === 'histogram' && (written.edges === undefined) === (written.categories === undefined)) {
    wrong('edges', 'a histogram needs either edges or categories');
  }
}

function readParameters(written: WrittenQuestion, wrong: Complain): PrivacyParameters | undefined {
  const decimal = (field: 'epsilon' | 'delta' | 'rho') => {
    const text = written[field];
    if (text === undefined) return undefined;
    const value = parseDecimal(text);
    if (value !== undefined && value > 0n && value <= mostEpsilon) return value;
    wrong(field, 'has to be a number above 0, at most 20, with at most 18 decimal places');
    return undefined;
  };
  const [epsilon, delta, rho] = [decimal('epsilon'), decimal('delta'), decimal('rho')];
  const noise = noiseOf(written, wrong);
  if (noise === undefined) return undefined;
  if (noise === 'laplace') {
    if (written.delta !== undefined) wrong('delta', 'is for Gaussian noise alone');
    if (written.rho !== undefined) wrong('rho', 'is for Gaussian noise alone');
    if (written.epsilon === undefined) wrong('epsilon', 'is missing: how much of the budget the answer may use');
    return epsilon && { noise, epsilon };
  }
  if (written.statistic === 'quantile') {
    wrong('noise', 'quantiles are drawn by the exponential mechanism; leave it out');
    return undefined;
  }
  if (written.rho !== undefined) {
    if (written.epsilon !== undefined || written.delta !== undefined)
      wrong('rho', 'stands in place of epsilon and delta');
    return rho && { noise, rho };
  }
  if (written.epsilon === undefined || written.delta === undefined) {
    wrong(
      written.epsilon === undefined ? 'epsilon' : 'delta',
      'is missing: Gaussian noise needs epsilon and delta, or rho',
    );
  }
  return epsilon && delta && { noise, epsilon, delta };
}

function noiseOf({ noise, rho }: WrittenQuestion, wrong: Complain): NoiseKind | undefined {
  if (noise === undefined) return rho === undefined ? 'laplace' : 'gaussian';
  const found = noiseKinds.find((kind) => kind === noise);
  if (found === undefined) wrong('noise', `has to be one of ${noiseKinds.join(', ')}`);
  return found;
}

function readGroups({ group_by, groups }: WrittenQuestion, wrong: Complain): readonly string[] {
  if (group_by === undefined && groups === undefined) return [''];
  if (group_by === undefined) wrong('group_by', 'is missing: the column that the groups stand in');
  if (groups === undefined || groups.length === 0) {
    wrong('groups', 'have to be declared: which groups there are is told by the data alone otherwise');
  } else if (new Set(groups).size !== groups.length) wrong('groups', 'name each group once');
  return groups ?? [];
}

function planOf(
  statistic: StatisticName,
  written: WrittenQuestion,
  parameters: PrivacyParameters,
  options: StatisticOptions,
  wrong: Complain,
): PrivateStatistic | undefined {
  switch (statistic) {
    case 'count':
      return privateCount(parameters, options);
    case 'histogram': {
      const bins = readBins(written, wrong);
      return bins && privateHistogram(bins, parameters, options);
    }
    case 'quantile': {
      const bounds = readBounds(written, wrong);
      const quantiles = written.quantiles?.map((text) => parseDecimal(text) ?? (0n as Decimal)) ?? [];
      if (parameters.noise !== 'laplace') return undefined;
      return bounds && privateQuantiles(quantiles, bounds, parameters.epsilon, options);
    }
    default: {
      const bounds = readBounds(written, wrong);
      const make = statistic === 'sum' ? privateSum : privateMean;
      return bounds && make(bounds, parameters, options);
    }
  }
}

function readBounds({ bounds }: WrittenQuestion, wrong: Complain) {
  const [lower = Number.NaN, upper = Number.NaN] = bounds?.map(numberOfCell) ?? [];
  if (bounds?.length === 2 && lower < upper) return { lower, upper };
  wrong('bounds', 'have to be two numbers, the lower one first');
  return undefined;
}

function readBins({ edges, categories }: WrittenQuestion, wrong: Complain): Bins | undefined {
  if (categories !== undefined) return { kind: 'categories', categories };
  const numbers = edges?.map(numberOfCell) ?? [];
  if (!numbers.some(Number.isNaN)) return { kind: 'edges', edges: numbers };
  wrong('edges', 'have to be numbers');
  return undefined;
}
