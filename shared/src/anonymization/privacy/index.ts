export {
  type Decimal,
  decimalFromNumber,
  decimalOne,
  decimalToNumber,
  formatDecimal,
  parseDecimal,
} from './decimal.ts';
export { drawDiscreteGaussian } from './discrete-gaussian.ts';
export { drawDiscreteLaplace } from './discrete-laplace.ts';
export { gaussianDelta, gaussianRatio } from './gaussian-calibration.ts';
export { Lattice, type ValueBounds } from './lattice.ts';
export { type Noise, type NoiseKind, noiseFor, noiseKinds, type PrivacyParameters } from './noise.ts';
export {
  amountOf,
  amountText,
  type Composition,
  compositions,
  epsilonOf,
  PrivacyAccount,
  type PrivacyAmount,
  type PrivacyBudget,
  rhoWithin,
} from './privacy-budget.ts';
export { gaussianCost, type PrivacyCost, pureCost, sumOfCosts } from './privacy-cost.ts';
export { privateCount } from './private-count.ts';
export { type Bins, privateHistogram } from './private-histogram.ts';
export { privateMean } from './private-mean.ts';
export { privateQuantiles } from './private-quantiles.ts';
export type {
  AnswerNoise,
  PrivateAggregate,
  PrivateAnswer,
  PrivateStatistic,
  StatisticOptions,
} from './private-statistic.ts';
export { privateSum } from './private-sum.ts';
export { type RandomSource, uniformBelow } from './random-source.ts';
