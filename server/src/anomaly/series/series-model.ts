import { TailEstimate, tailFields } from './tail-estimate.ts';

const dayMs = 86_400_000;
/** Parts of the day whose usual level is learned. */
const slots = 48;
const slotMs = dayMs / slots;

const levelWeight = 0.1;
const scaleWeight = 0.003;
const driftWeight = 0.01;
const profileWeight = 0.25;
const shiftWeight = 0.1;
/** A surprise of more mean deviations teaches as much as one of so many. */
const surpriseLimit = 4;
/** Mean absolute deviation of a normal distribution, as a share of its standard deviation, inverted. */
const sigmaPerDeviation = 1.25;
/** Deviations smaller than so many sigmas are never anomalies. */
const leastSigmas = 3;
/** The first surprises tell of the beginning, not of the series. */
const firstSamples = 30;

/** What a statistic says. `up` and `down`: a single value; `shift`: values that stay away. */
export const deviationKinds = ['up', 'down', 'shift'] as const;
export type DeviationKind = (typeof deviationKinds)[number];
/** What the expectation rests on. */
export const seasons = ['none', 'day'] as const;

const header = { samples: 0, ripe: 1, level: 2, drift: 3, atMs: 4, quietFrom: 5, wide: 6, scale: 7, run: 9 } as const;
const headerFields = 11;
const profileAt = headerFields;
const profileDays = profileAt + slots;
const tailsAt = profileDays + slots;
/** Numbers that a {@link SeriesModel} keeps. */
export const seriesFields = tailsAt + seasons.length * deviationKinds.length * tailFields;

export interface Deviation {
  readonly kind: DeviationKind;
  readonly season: (typeof seasons)[number];
  readonly expected: number;
  /** Of the sample, signed; a sigma is 1.25 mean absolute deviations of this series. */
  readonly sigmas: number;
  /** The size of a sigma. */
  readonly sigma: number;
  /** Chance of the statistic by the series' own past. */
  readonly chance: number;
  /** The statistic, as a share of its largest value on a usual day. */
  readonly ofUsualLargest: number;
  readonly samples: number;
}

export interface Judgement {
  readonly chance: number;
  readonly margin: number;
  readonly learnSamples: number;
  readonly quietSamples: number;
}

/**
 * What is usual for one series of numbers, learned sample by sample in constant time and memory. Two expectations run
 * side by side: the level of the last samples (EWMA), and the usual level at this time of day with a slow drift; the one
 * that errs less is used. What deviates is judged by the tail of its own past, so neither a distribution nor a sampling
 * interval is assumed.
 */
export class SeriesModel {
  readonly state: Float64Array;
  /** Season by season, kind by kind. */
  readonly #tails: readonly (readonly TailEstimate[])[];

  /** @param state {@link seriesFields} numbers, zeros at the beginning; the model is nothing else */
  constructor(state: Float64Array = new Float64Array(seriesFields)) {
    this.state = state;
    this.#tails = seasons.map((_, season) =>
      deviationKinds.map((_kind, kind) => {
        const from = tailsAt + (season * deviationKinds.length + kind) * tailFields;
        return new TailEstimate(state.subarray(from, from + tailFields));
      }),
    );
  }

  /**
   * Judges a sample, then learns from it.
   *
   * @param atMs samples come in the order of time; one of up to half an hour before the last counts as of its time, an
   * older one is left out
   * @returns undefined when it is as expected, or when the last finding is of the same run of deviations
   */
  observe(value: number, atMs: number, judgement: Judgement): Deviation | undefined {
    const state = this.state;
    const x = Math.max(-1e300, Math.min(1e300, value));
    const isFirst = this.#get(header.samples) === 0;
    const lastMs = isFirst ? atMs : this.#get(header.atMs);
    if (atMs < lastMs - slotMs) return undefined;
    const nowMs = Math.max(atMs, lastMs);
    if (isFirst) state[header.level] = x;
    state[header.atMs] = nowMs;
    const samples = this.#get(header.samples) + 1;
    state[header.samples] = samples;
    if (Math.floor(nowMs / dayMs) !== Math.floor(lastMs / dayMs)) {
      for (const tails of this.#tails) for (const tail of tails) tail.endDay();
    }

    const slot = Math.floor((((nowMs % dayMs) + dayMs) % dayMs) / slotMs);
    const daysSeen = this.#get(profileDays + slot);
    const expected = [
      this.#get(header.level),
      daysSeen > 0 ? this.#get(profileAt + slot) + this.#get(header.drift) : this.#get(header.level),
    ];
    const errors = expected.map((usual) => x - usual);
    const [levelError, dayError] = errors as [number, number];
    state[header.wide] =
      this.#get(header.wide) + Math.max(5e-4, 1 / (samples + 1)) * (Math.abs(levelError) - this.#get(header.wide));
    const least = 1e-6 + 1e-3 * Math.abs(this.#get(header.level)) + 0.3 * this.#get(header.wide);
    const scales = [0, 1].map((season) => Math.max(this.#get(header.scale + season), least));
    // A time of day is known once it was seen for a whole slot.
    const isRipe = daysSeen >= 0.99;
    if (isRipe) state[header.ripe] = this.#get(header.ripe) + 1;
    const ripe = this.#get(header.ripe);
    const used =
      ripe > judgement.learnSamples / 2 && this.#get(header.scale + 1) < 0.8 * this.#get(header.scale) ? 1 : 0;

    let found: Deviation | undefined;
    for (let season = 0; season <= Number(isRipe); season += 1) {
      const sigma = (scales[season] as number) * sigmaPerDeviation;
      const sigmas = (errors[season] as number) / sigma;
      const run = this.#get(header.run + season);
      const mean = run + shiftWeight * (Math.max(-8, Math.min(8, sigmas)) - run);
      state[header.run + season] = mean;
      const statistics = [
        Math.max(0, sigmas),
        Math.max(0, -sigmas),
        Math.abs(mean) * Math.sqrt((2 - shiftWeight) / shiftWeight),
      ];
      for (const [kind, size] of statistics.entries()) {
        const tail = this.#tails[season]?.[kind] as TailEstimate;
        if (season === used && tail.samples > judgement.learnSamples / (season + 1)) {
          const chance = judged(tail, size, judgement);
          if (chance !== undefined && chance < (found?.chance ?? 1)) {
            found = {
              kind: deviationKinds[kind] as DeviationKind,
              season: seasons[season] as (typeof seasons)[number],
              expected: expected[season] as number,
              sigmas,
              sigma,
              chance,
              ofUsualLargest: size / Math.max(tail.usualLargest ?? 0, leastSigmas),
              samples,
            };
          }
        }
        if (samples > firstSamples && (season === 0 || ripe > firstSamples)) tail.add(Math.min(size, 1e12));
      }
    }

    this.#learn({ x, samples, levelError, dayError, scales, slot, daysSeen, isRipe, passedMs: nowMs - lastMs });
    if (found === undefined) return undefined;
    const isQuiet = samples <= this.#get(header.quietFrom);
    state[header.quietFrom] = samples + judgement.quietSamples;
    return isQuiet ? undefined : found;
  }

  #learn(sample: {
    readonly x: number;
    readonly samples: number;
    readonly levelError: number;
    readonly dayError: number;
    readonly scales: readonly number[];
    readonly slot: number;
    readonly daysSeen: number;
    readonly isRipe: boolean;
    readonly passedMs: number;
  }): void {
    const state = this.state;
    const { x, samples, levelError, dayError, slot, daysSeen } = sample;
    const [levelScale, dayScale] = sample.scales as [number, number];
    const weight = Math.max(scaleWeight, 1 / (samples + 1));
    state[header.level] =
      this.#get(header.level) +
      Math.max(levelWeight, 1 / (samples + 1)) *
        (samples < 20 ? levelError : limited(levelError, surpriseLimit * sigmaPerDeviation * levelScale));
    const size = Math.abs(levelError);
    const learned = samples < 50 ? size : Math.min(size, surpriseLimit * sigmaPerDeviation * levelScale);
    state[header.scale] = this.#get(header.scale) + weight * (learned - this.#get(header.scale));
    if (sample.isRipe) {
      const before = this.#get(header.scale + 1);
      const surprise = Math.min(Math.abs(dayError), surpriseLimit * sigmaPerDeviation * dayScale);
      state[header.scale + 1] = before === 0 ? Math.abs(dayError) : before + weight * (surprise - before);
      state[header.drift] = this.#get(header.drift) + driftWeight * limited(dayError, surpriseLimit * dayScale);
    }
    // The share of a slot that this sample stands for.
    const share = Math.min(1, sample.passedMs / slotMs);
    const days = daysSeen + share;
    state[profileDays + slot] = days;
    const profile = this.#get(profileAt + slot);
    const fromProfile = x - profile;
    const step = Math.max(profileWeight, 1 / (days + 1)) * share;
    state[profileAt + slot] =
      daysSeen === 0 ? x : profile + step * (days < 2 ? fromProfile : limited(fromProfile, 3 * dayScale));
  }

  #get(field: number): number {
    return this.state[field] as number;
  }
}

/** The chance of a statistic that is an anomaly; undefined for one that is none, and before a usual day is known. */
function judged(tail: TailEstimate, size: number, { chance, margin }: Judgement): number | undefined {
  if (size <= leastSigmas) return undefined;
  const usual = tail.usualLargest;
  if (usual === undefined || size <= usual * margin) return undefined;
  const found = tail.chanceOf(size);
  return found < chance / 2 ? found : undefined;
}

function limited(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value));
}
