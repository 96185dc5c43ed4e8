import { ValueCounter, type ValueCounts } from './value-counter.ts';

/** What a column of deterministic replacements gives away by how often each value occurs. */
export interface FrequencyReport {
  readonly cells: number;
  /** Different values; an estimate once there are more than 65,536 (see `ValueCounter`). */
  readonly distinct: number;
  /** Share of the most frequent value, 0–1. */
  readonly topShare: number;
  /** Shannon entropy of a cell, in bits. */
  readonly entropyBits: number;
  /** Share of the cells whose values stand out by their frequency, 0–1; see {@link frequencyMeter}. */
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

/** Fewer cells than these show no frequencies to speak of. */
const fewestJudged = 100;
/** A gap between two counts of so many standard deviations is no accident. */
const clearGap = 2;
/** So large a share of the cells may stand out. */
const mostExposed = 0.01;
/** Below the entropy of 64 equally frequent values, guessing and a little background knowledge do. */
const leastEntropyBits = 6;
/** Values that come back less often on average aren't a short list. */
const fewestRepetitions = 4;

/**
 * Measures whether equal replacements of equal values can be turned back by counting them.
 *
 * Frequency analysis puts the replacements in order of how often they occur, the values that are known to be possible
 * in order of how common they are in public statistics, and matches the two; it recovered nearly all of some columns of
 * patient records (Naveed, Kamara, Wright, "Inference Attacks on Property-Preserving Encrypted Databases", CCS 2015). It
 * can tell two values apart only if their counts differ by more than chance: counts of c₁ and c₂ vary by about √(c₁ + c₂)
 * from one sample of people to another. A value *stands out* if its count is further than two such deviations away from
 * the next larger and the next smaller one. The verdict is `weak` if values that stand out fill 1 % of the cells, or if
 * the column is a short list (under 6 bits of entropy, each value four times on average), where a few known records
 * open the rest. So a column of identifiers is `ok` however often each of them occurs, as long as none sticks out.
 *
 * Under 100 cells nothing is judged. Give it the canonical form of a value, as that decides about equality.
 */
export function frequencyMeter(): FrequencyMeter {
  const counter = new ValueCounter();
  return {
    add: (value) => counter.add(value),
    report: () => {
      const counts = counter.counts();
      const { cells, distinct, entropyBits, top } = counts;
      const topShare = cells === 0 ? 0 : top / cells;
      const exposedShare = shareThatStandsOut(counts);
      const isShortList = entropyBits < leastEntropyBits && cells >= distinct * fewestRepetitions;
      const isWeak = cells >= fewestJudged && (isShortList || exposedShare >= mostExposed);
      return {
        cells,
        distinct,
        topShare,
        entropyBits,
        exposedShare,
        verdict: isWeak ? 'weak' : 'ok',
        advice: isWeak ? advise(isShortList, topShare, exposedShare) : '',
      };
    },
  };
}

function shareThatStandsOut({ cells, frequent, otherwiseAtMost, undercount }: ValueCounts): number {
  let exposed = 0;
  for (const [i, count] of frequent.entries()) {
    const above = frequent[i - 1];
    const below = frequent[i + 1] ?? otherwiseAtMost;
    if (above !== undefined && !isClear(above, count, undercount)) continue;
    if (isClear(count, below, undercount)) exposed += count;
  }
  return cells === 0 ? 0 : exposed / cells;
}

function isClear(larger: number, smaller: number, undercount: number): boolean {
  return larger - smaller - undercount > clearGap * Math.sqrt(larger + smaller);
}

function advise(isShortList: boolean, topShare: number, exposedShare: number): string {
  if (isShortList) {
    return 'the column has few different values: use bucket, redact or drop, or random where nothing joins on it';
  }
  if (topShare * 2 >= exposedShare) {
    return 'one value sticks out: declare it in null_markers if it means that nothing is known, else use random or redact';
  }
  return 'the common values can be told by their frequency: use random where nothing joins on the column, else redact or drop it';
}
