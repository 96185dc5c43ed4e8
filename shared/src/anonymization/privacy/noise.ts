import { type Decimal, decimalOne, decimalToNumber } from './decimal.ts';
import { drawDiscreteGaussian } from './discrete-gaussian.ts';
import { drawDiscreteLaplace } from './discrete-laplace.ts';
import { gaussianRatio, leastDeviationSteps } from './gaussian-calibration.ts';
import { normalQuantileOfTail } from './normal-distribution.ts';
import { gaussianCost, type PrivacyCost, pureCost } from './privacy-cost.ts';
import type { RandomSource } from './random-source.ts';

export const noiseKinds = ['laplace', 'gaussian'] as const;
export type NoiseKind = (typeof noiseKinds)[number];

/** How much of the budget an answer may use, and what its noise is like. */
export type PrivacyParameters =
  | { readonly noise: 'laplace'; readonly epsilon: Decimal }
  | { readonly noise: 'gaussian'; readonly epsilon: Decimal; readonly delta: Decimal }
  | { readonly noise: 'gaussian'; readonly rho: Decimal };

/** Noise on whole numbers of steps. */
export interface Noise {
  readonly kind: NoiseKind;
  /** Parameter of the distribution, in steps: b of Laplace, σ of Gaussian noise. */
  readonly scale: number;
  /** Standard deviation in steps. */
  readonly deviation: number;
  readonly cost: PrivacyCost;
  draw(random: RandomSource): bigint;
  /** The steps that noise exceeds, to both sides together, with a probability of at most `probability`. */
  bound(probability: number): number;
}

/**
 * Noise that makes integers private whose change, added up over all of them, is at most `sensitivity` when a person is added
 * to the data or taken out.
 *
 * @param sensitivity in steps, positive; bounds the change in L1, and so in L2
 * @throws {RangeError} for parameters that are not positive, or beyond what {@link gaussianRatio} takes
 */
export function noiseFor(parameters: PrivacyParameters, sensitivity: bigint): Noise {
  const spent = 'rho' in parameters ? parameters.rho : parameters.epsilon;
  if (spent <= 0n || sensitivity <= 0n) throw new RangeError('Epsilon, rho and the sensitivity have to be positive.');
  if (parameters.noise === 'laplace') return laplaceNoise(parameters.epsilon, sensitivity);
  if ('rho' in parameters) {
    const variance = dividedUp(sensitivity * sensitivity * decimalOne, 2n * parameters.rho);
    return gaussianNoise(variance, gaussianCost(sensitivity, variance));
  }
  const { epsilon, delta } = parameters;
  const deviation = gaussianRatio(decimalToNumber(epsilon), decimalToNumber(delta)) * Number(sensitivity);
  if (deviation < leastDeviationSteps) throw new RangeError('The steps are too coarse for this noise.');
  const variance = BigInt(Math.ceil(deviation * deviation));
  return gaussianNoise(variance, gaussianCost(sensitivity, variance, { epsilon, delta }));
}

function laplaceNoise(epsilon: Decimal, sensitivity: bigint): Noise {
  const scale = { numerator: sensitivity * decimalOne, denominator: epsilon as bigint };
  const width = Number(sensitivity) / decimalToNumber(epsilon);
  const ratio = Math.exp(-1 / width);
  return {
    kind: 'laplace',
    scale: width,
    deviation: Math.sqrt(2 * ratio) / -Math.expm1(-1 / width),
    cost: pureCost(epsilon),
    draw: (random) => drawDiscreteLaplace(random, scale),
    // P(|x| > t) = 2·ratio^(t+1) / (1 + ratio)
    bound: (probability) => Math.max(0, Math.ceil(width * Math.log(2 / (probability * (1 + ratio))) - 1)),
  };
}

function gaussianNoise(variance: bigint, cost: PrivacyCost): Noise {
  const deviation = Math.sqrt(Number(variance));
  return {
    kind: 'gaussian',
    scale: deviation,
    deviation,
    cost,
    draw: (random) => drawDiscreteGaussian(random, variance),
    bound: (probability) => Math.ceil(deviation * normalQuantileOfTail(probability / 2)) + 1,
  };
}

function dividedUp(value: bigint, divisor: bigint): bigint {
  return (value + divisor - 1n) / divisor;
}
