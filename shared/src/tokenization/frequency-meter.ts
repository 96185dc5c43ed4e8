/** What a column of deterministic replacements gives away by how often each value occurs. */
export interface FrequencyReport {
  readonly cells: number;
  /** Different values; an estimate once there are more than are counted exactly. */
  readonly distinct: number;
  /** Share of the most frequent value, 0–1. */
  readonly topShare: number;
  /** Shannon entropy of a cell, in bits. */
  readonly entropyBits: number;
  /** Share of the cells whose values stand out by their frequency, 0–1. */
  readonly exposedShare: number;
  /** `weak` where frequency analysis would undo replacements. */
  readonly verdict: 'ok' | 'weak';
  /** What to do instead; empty where the verdict is `ok`. */
  readonly advice: string;
}

export interface FrequencyMeter {
  add(value: string): void;
  report(): FrequencyReport;
}

/** Placeholder until the counting is in place: reports nothing but the number of cells. */
export function frequencyMeter(): FrequencyMeter {
  let cells = 0;
  return {
    add: () => {
      cells += 1;
    },
    report: () => ({ cells, distinct: 0, topShare: 0, entropyBits: 0, exposedShare: 0, verdict: 'ok', advice: '' }),
  };
}
