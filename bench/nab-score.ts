/** A stretch of samples that people marked as anomalous, both ends included. */
export interface LabelWindow {
  readonly from: number;
  readonly to: number;
}

export interface NabSeries {
  readonly samples: number;
  readonly windows: readonly LabelWindow[];
  /** Numbers of the samples at which a detector spoke. */
  readonly detections: readonly number[];
}

/** Weights of the standard profile. */
const weights = { hit: 1, miss: 1, falseAlarm: 0.11 };

/** Samples at the beginning that nobody is judged on: 15 %, of 5,000 samples at most. */
export function probation(samples: number): number {
  return Math.floor(0.15 * Math.min(samples, 5_000));
}

/**
 * Score of the Numenta Anomaly Benchmark, standard profile: Lavin and Ahmad, "Evaluating Real-time Anomaly Detection
 * Algorithms", ICMLA 2015. The first detection in a window earns the more the earlier it comes; each one outside costs
 * the more the further it is from the window before it. 0 is who never speaks, 100 who marks the start of each window.
 */
export function nabScore(series: readonly NabSeries[]): number {
  let raw = 0;
  let windows = 0;
  for (const one of series) {
    raw += rawScore(one);
    windows += one.windows.length;
  }
  const silent = -weights.miss * windows;
  return (100 * (raw - silent)) / (weights.hit * windows - silent);
}

function rawScore({ samples, windows, detections }: NabSeries): number {
  const judged = detections.filter((at) => at >= probation(samples));
  let score = 0;
  for (const { from, to } of windows) {
    const first = judged.find((at) => at >= from && at <= to);
    const width = to - from + 1;
    score += first === undefined ? -weights.miss : (weights.hit * reward(-(to - first + 1) / width)) / reward(-1);
  }
  for (const at of judged) {
    if (windows.some(({ from, to }) => at >= from && at <= to)) continue;
    const before = windows.filter(({ to }) => to < at).at(-1);
    const distance = before === undefined ? Number.POSITIVE_INFINITY : (at - before.to) / (before.to - before.from);
    score += weights.falseAlarm * reward(distance);
  }
  return score;
}

/** 1 early in a window, 0 at its end, −1 from three widths after it. */
function reward(position: number): number {
  return position > 3 ? -1 : 2 / (1 + Math.exp(5 * position)) - 1;
}
