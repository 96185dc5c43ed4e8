import { type Noise, noiseFor, type PrivacyParameters } from './noise.ts';
import type { PrivateAggregate, PrivateAnswer, PrivateStatistic, StatisticOptions } from './private-statistic.ts';
import type { RandomSource } from './random-source.ts';

/** Steps to a record under Gaussian noise, whose distribution is that of the continuous one only where steps are small. */
const gaussianStepsToRecord = 2 ** 20;

/** Counts released together: one record is in one of them at most. */
export class CountNoise {
  readonly noise: Noise;
  readonly #stepsToRecord: number;

  constructor(parameters: PrivacyParameters, recordsPerPerson: number) {
    this.#stepsToRecord = parameters.noise === 'gaussian' ? gaussianStepsToRecord : 1;
    this.noise = noiseFor(parameters, BigInt(recordsPerPerson) * BigInt(this.#stepsToRecord));
  }

  /** @param confidence of the bounds */
  release(count: number, label: string, confidence: number, random: RandomSource): PrivateAnswer {
    const { kind, scale } = this.noise;
    const steps = this.#stepsToRecord;
    // Rounding is done to what is private already, so it costs nothing; nor does it, where a step is a record, change it.
    const value = Math.round(Number(BigInt(count) * BigInt(steps) + this.noise.draw(random)) / steps);
    const width = Math.ceil(this.noise.bound(1 - confidence) / steps + (steps > 1 ? 0.5 : 0));
    return { label, value, low: value - width, high: value + width, noise: { kind, scale: scale / steps } };
  }
}

/** How many records there are. */
export function privateCount(parameters: PrivacyParameters, options: StatisticOptions): PrivateStatistic {
  const noise = new CountNoise(parameters, options.recordsPerPerson);
  return {
    cost: noise.noise.cost,
    aggregate: (): PrivateAggregate => {
      let count = 0;
      return {
        add: () => {
          count += 1;
        },
        release: (random) => [noise.release(count, '', options.confidence, random)],
      };
    },
  };
}
