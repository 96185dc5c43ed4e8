import { learnSeasons, limited, type SeasonalLevels, seasonalLevels } from './seasonal-levels.ts';
import {
  at,
  dayMs,
  driftTail,
  endDay,
  errorKinds,
  frozenTail,
  newSeriesState,
  type Season,
  seasons,
  setTime,
  tailOf,
  timeOf,
} from './series-state.ts';
import { addToTail, tailChance, tailDays, tailSamples, usualLargest, usualSpread } from './tail-estimate.ts';

const levelWeight = 0.1;
const scaleWeight = 0.003;
const driftWeight = 0.01;
const shiftWeight = 0.05;
const slowWeight = 0.003;
const slowRunWeight = 0.02;
/** A surprise of more mean deviations teaches as much as one of so many. */
const surpriseLimit = 4;
/** Mean absolute deviation of a normal distribution, as a share of its standard deviation, inverted. */
const sigmaPerDeviation = 1.25;
/** Deviations smaller than so many sigmas are never anomalies; of a mean of many samples, one is enough. */
const leastSigmas = 3;
const leastSlowSigmas = 1;
/** A statistic is beyond the largest of usual days by so many of their spreads. */
const sampleSpreads = 2;
const driftSpreads = 3;
const frozenSpreads = 4;
/** An error that the time of the week leaves less than so much of isn't one. */
const explainedShare = 1 / 3;
/** A series is frozen from so many equal samples on, and so many times as many as usual. */
const leastFrozen = 24;
const frozenTimes = 6;
/** Deviations of so many usual largest ones, and so many spreads beyond them, are warnings, and errors. */
const severities = [
  { times: 1.5, spreads: 4 },
  { times: 3, spreads: 6 },
] as const;
/** The first surprises tell of the beginning, not of the series. */
const firstSamples = 30;
const firstSlowSamples = 100;
const mostSamples = 1e6;
/** Samples of up to this before the last one count as of its time. */
const lateMs = 1_800_000;
/** So many older ones in a row are of a clock that was set back. */
const lateLimit = 48;
/** The interval that `chance` is of, and the most that it is scaled by. */
const usualStepMs = 300_000;
const longestSteps = 12;
const valueLimit = 1e30;
const leastScale = 1e-30;

/** What a statistic says. `drift`: the usual level itself has moved; `frozen`: the value doesn't change any more. */
export type DeviationKind = (typeof errorKinds)[number] | 'drift' | 'frozen';

export interface Deviation {
  readonly kind: DeviationKind;
  readonly season: Season;
  readonly expected: number;
  /** Of the sample, signed; a sigma is 1.25 mean absolute deviations of this series. */
  readonly sigmas: number;
  /** The size of a sigma. */
  readonly sigma: number;
  /** Chance of the statistic by the series' own past. */
  readonly chance: number;
  /** The statistic, as a share of its largest value on a usual day. */
  readonly ofUsualLargest: number;
  /** 0 is worth a note, 1 a warning, 2 is an error. */
  readonly severity: 0 | 1 | 2;
  readonly samples: number;
  /** Samples in a row of one value. */
  readonly same: number;
}

export interface Judgement {
  readonly chance: number;
  readonly margin: number;
  readonly learnSamples: number;
  readonly quietSamples: number;
}

/**
 * What is usual for one series of numbers, learned sample by sample in constant time and memory. Three expectations run
 * side by side: the level of the last samples (EWMA), the usual level at this time of day, and at this time of the week, with
 * a slow drift; the one that errs least is used. What deviates is judged by the tail of its own past, so neither a distribution nor a unit
 * nor a sampling interval is assumed.
 */
export class SeriesModel {
  readonly state: Float32Array;

  /** @param state `seriesFields` numbers, of a model that is gone on with; the model is nothing else */
  constructor(state: Float32Array = newSeriesState()) {
    this.state = state;
  }

  /**
   * Judges a sample, then learns from it.
   *
   * @param atMs samples come in the order of time; one of up to half an hour before the last counts as of its time, an
   * older one is left out, unless so many come in a row that the clock must have been set back
   * @returns undefined when it is as expected, or when a finding as severe was of the same run of deviations
   */
  observe(value: number, atMs: number, judgement: Judgement): Deviation | undefined {
    const { state } = this;
    const isFirst = this.#get(at.samples) === 0;
    const lastMs = isFirst ? atMs : timeOf(state, at.timeHigh);
    if (atMs < lastMs - lateMs) {
      const late = this.#get(at.late) + 1;
      state[at.late] = late < lateLimit ? late : 0;
      if (late === lateLimit) setTime(state, at.timeHigh, atMs);
      return undefined;
    }
    state[at.late] = 0;
    const nowMs = Math.max(atMs, lastMs);
    const x = limited(value, valueLimit);
    if (isFirst) this.#begin(x, nowMs);
    setTime(state, at.timeHigh, nowMs);
    const samples = Math.min(mostSamples, this.#get(at.samples) + 1);
    state[at.samples] = samples;
    const passedMs = nowMs - lastMs;
    if (samples > 1) this.#move(at.step, Math.max(0.01, 1 / (samples - 1)), Math.min(passedMs, dayMs));
    this.#endDay(nowMs, lastMs);

    const seasonal = seasonalLevels(state, nowMs);
    const scales = this.#scales(x, samples);
    const found =
      this.#judgeErrors(x, samples, seasonal, scales, judgement) ??
      this.#judgeDrift(x, samples, scales[0], judgement) ??
      this.#judgeFrozen(value, samples, judgement);
    this.#learnErrors(x, samples, seasonal, scales);
    this.#learnSlow(x, samples, scales[0]);
    learnSeasons(state, x, passedMs, seasonal, scales);

    const quiet = this.#get(at.quiet);
    if (found === undefined) {
      if (quiet > 0) state[at.quiet] = quiet - 1;
      return undefined;
    }
    state[at.quiet] = judgement.quietSamples;
    if (quiet > 0 && found.severity <= this.#get(at.told)) return undefined;
    state[at.told] = found.severity;
    return found;
  }

  #begin(x: number, nowMs: number): void {
    this.state[at.level] = x;
    this.state[at.slow] = x;
    this.state[at.dayBegins] = Math.floor((((nowMs % dayMs) + dayMs) % dayMs) / 60_000);
  }

  /** The tails have missed the first samples of the first day: as many of the second one are waited for. */
  #endDay(nowMs: number, lastMs: number): void {
    const { state } = this;
    state[at.wait] = Math.max(0, this.#get(at.wait) - 1);
    const beginsMs = this.#get(at.dayBegins) * 60_000;
    if (Math.floor((nowMs - beginsMs) / dayMs) === Math.floor((lastMs - beginsMs) / dayMs)) return;
    endDay(state);
    if (tailDays(state, tailOf(0, 0)) === 1) state[at.wait] = firstSamples;
  }

  /** Mean absolute errors by season, at least so large that rounding and rare samples are no surprise. */
  #scales(x: number, samples: number): [number, number, number] {
    const size = Math.abs(x - this.#get(at.level));
    const wide = this.#get(at.wide);
    const most = 1_000 * Math.max(this.#get(at.scale), 0.3 * wide);
    this.#move(at.wide, Math.max(5e-4, 1 / (samples + 1)), wide === 0 || samples < 50 ? size : Math.min(size, most));
    const least = leastScale + 1e-3 * Math.abs(this.#get(at.level)) + 0.3 * this.#get(at.wide);
    return [
      Math.max(this.#get(at.scale), least),
      Math.max(this.#get(at.scale + 1), least),
      Math.max(this.#get(at.scale + 2), least),
    ];
  }

  #judgeErrors(
    x: number,
    samples: number,
    { levels, known }: SeasonalLevels,
    scales: readonly [number, number, number],
    judgement: Judgement,
  ): Deviation | undefined {
    const { state } = this;
    for (let season = 1; season < known; season += 1) {
      state[at.ripe + season] = Math.min(mostSamples, this.#get(at.ripe + season) + 1);
    }
    const used = this.#usedSeason(known, judgement.learnSamples);
    const steps = Math.min(longestSteps, this.#get(at.step) / usualStepMs);
    // What this time of the week usually brings is no surprise, whatever the last samples were.
    const explained = explainedShare * Math.abs(x - (levels[used] as number));
    const isExplained = known === 3 && scales[2] < explained && Math.abs(x - levels[2]) < explained;
    let found: Deviation | undefined;
    for (let season = 0; season < known; season += 1) {
      const expected = levels[season] as number;
      const sigma = (scales[season] as number) * sigmaPerDeviation;
      const sigmas = (x - expected) / sigma;
      this.#move(at.run + season, shiftWeight, limited(sigmas, 8));
      const isRipe = samples > firstSamples && (season === 0 || this.#get(at.ripe + season) > firstSamples);
      for (let kind = 0; kind < errorKinds.length; kind += 1) {
        const size = Math.min(1e12, statisticOf(kind, sigmas, this.#get(at.run + season)));
        const tail = tailOf(season, kind);
        if (
          season === used &&
          size > leastSigmas &&
          !isExplained &&
          tailSamples(state, tail) > judgement.learnSamples / (season + 1) &&
          isBeyondDays(state, tail, size, judgement.margin, sampleSpreads)
        ) {
          const chance = tailChance(state, tail, size);
          if (chance < (judgement.chance / 2) * steps && chance < (found?.chance ?? 1)) {
            const expectation = { season: seasons[season] as Season, expected, sigmas, sigma };
            const usual = Math.max(leastSigmas, usualLargest(state, tail));
            found = this.#deviation(errorKinds[kind] as DeviationKind, tail, size, expectation, usual);
          }
        }
        if (isRipe) addToTail(state, tail, size);
      }
    }
    return found;
  }

  /** A longer season is used once it is known well and errs clearly less. */
  #usedSeason(known: number, learnSamples: number): number {
    let used = 0;
    for (let season = 1; season < known; season += 1) {
      const isKnown = this.#get(at.ripe + season) > learnSamples / 2;
      if (isKnown && this.#get(at.scale + season) < 0.8 * this.#get(at.scale + used)) used = season;
    }
    return used;
  }

  /** The mean of many samples against the level of many more. Samples hang together, so only days are counted by. */
  #judgeDrift(x: number, samples: number, leastSigma: number, judgement: Judgement): Deviation | undefined {
    const { state } = this;
    const expected = this.#get(at.slow);
    const sigma = sigmaPerDeviation * Math.max(this.#get(at.slowScale), leastSigma);
    const sigmas = (x - expected) / sigma;
    this.#move(at.slowRun, slowRunWeight, limited(sigmas, 8));
    const size = Math.abs(this.#get(at.slowRun));
    let found: Deviation | undefined;
    if (
      size > leastSlowSigmas &&
      samples > judgement.learnSamples &&
      tailDays(state, driftTail) >= 2 &&
      isBeyondDays(state, driftTail, size, judgement.margin, driftSpreads)
    ) {
      found = this.#deviation('drift', driftTail, size, { season: 'none', expected, sigmas, sigma });
    }
    if (samples > firstSlowSamples) addToTail(state, driftTail, size);
    return found;
  }

  /** A value that doesn't change any more where it used to; zero is also a count of nothing, and says little. */
  #judgeFrozen(value: number, samples: number, judgement: Judgement): Deviation | undefined {
    const { state } = this;
    const high = Math.fround(limited(value, valueLimit));
    const low = Math.fround(limited(value, valueLimit) - high);
    const isSame = samples > 1 && high === state[at.lastHigh] && low === state[at.lastLow];
    const same = isSame ? Math.min(mostSamples, this.#get(at.same) + 1) : 1;
    state[at.lastHigh] = high;
    state[at.lastLow] = low;
    state[at.same] = same;
    let found: Deviation | undefined;
    if (
      value !== 0 &&
      same >= leastFrozen &&
      samples > judgement.learnSamples &&
      tailDays(state, frozenTail) >= 2 &&
      isBeyondDays(state, frozenTail, same, frozenTimes, frozenSpreads)
    ) {
      found = this.#deviation('frozen', frozenTail, same, { season: 'none', expected: value, sigmas: 0, sigma: 0 });
    }
    if (samples > firstSamples) addToTail(state, frozenTail, same);
    return found;
  }

  #deviation(
    kind: DeviationKind,
    tail: number,
    size: number,
    expectation: Pick<Deviation, 'season' | 'expected' | 'sigmas' | 'sigma'>,
    usual = usualLargest(this.state, tail),
  ): Deviation {
    return {
      kind,
      ...expectation,
      chance: tailChance(this.state, tail, size),
      ofUsualLargest: size / usual,
      severity: severityOf(size / usual, usualSpread(this.state, tail)),
      samples: this.#get(at.samples),
      same: this.#get(at.same),
    };
  }

  #learnErrors(
    x: number,
    samples: number,
    { levels, known }: SeasonalLevels,
    scales: readonly [number, number, number],
  ): void {
    const weight = Math.max(scaleWeight, 1 / (samples + 1));
    const levelError = x - levels[0];
    const limit = surpriseLimit * sigmaPerDeviation * scales[0];
    const learned = samples < 20 ? levelError : limited(levelError, limit);
    this.state[at.level] = levels[0] + Math.max(levelWeight, 1 / (samples + 1)) * learned;
    this.#move(at.scale, weight, samples < 50 ? Math.abs(levelError) : Math.min(Math.abs(levelError), limit));
    for (let season = 1; season < known; season += 1) {
      const error = x - (levels[season] as number);
      const scale = scales[season] as number;
      const size = Math.min(Math.abs(error), surpriseLimit * sigmaPerDeviation * scale);
      if (this.#get(at.scale + season) === 0) this.state[at.scale + season] = Math.abs(error);
      else this.#move(at.scale + season, weight, size);
      this.state[at.drift + season] =
        this.#get(at.drift + season) + driftWeight * limited(error, surpriseLimit * scale);
    }
  }

  #learnSlow(x: number, samples: number, leastSigma: number): void {
    const error = x - this.#get(at.slow);
    const limit = surpriseLimit * sigmaPerDeviation * Math.max(this.#get(at.slowScale), leastSigma);
    const weight = Math.max(slowWeight, 1 / (samples + 1));
    const learned = samples < 50 ? error : limited(error, limit);
    this.state[at.slow] = this.#get(at.slow) + weight * learned;
    this.#move(at.slowScale, weight, Math.abs(learned));
  }

  /** Towards a value, by a share of the way. */
  #move(field: number, weight: number, to: number): void {
    const from = this.#get(field);
    this.state[field] = from + weight * (to - from);
  }

  #get(field: number): number {
    return this.state[field] as number;
  }
}

function statisticOf(kind: number, sigmas: number, run: number): number {
  if (kind === 0) return Math.max(0, sigmas);
  if (kind === 1) return Math.max(0, -sigmas);
  return Math.abs(run) * Math.sqrt((2 - shiftWeight) / shiftWeight);
}

/** Whether a statistic is clearly larger than the largest of usual days; never before a day is known. */
function isBeyondDays(state: Float32Array, tail: number, size: number, margin: number, spreads: number): boolean {
  if (tailDays(state, tail) < 1 || state[at.wait] !== 0) return false;
  return size > usualLargest(state, tail) * Math.max(margin, Math.exp(spreads * usualSpread(state, tail)));
}

function severityOf(times: number, spread: number): 0 | 1 | 2 {
  const [warning, error] = severities.map((from) => times >= Math.max(from.times, Math.exp(from.spreads * spread)));
  return error ? 2 : warning ? 1 : 0;
}
