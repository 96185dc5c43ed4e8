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
  /** Share of the cells that frequency analysis would be expected to turn back, 0–1; see {@link frequencyMeter}. */
  readonly exposedShare: number;
  /** `weak` where frequency analysis would undo replacements. */
  readonly verdict: 'ok' | 'weak';
  /** What to do instead; empty where the verdict is `ok`. */
  readonly advice: string;
}

export interface FrequencyMeter {
  add(value: string): void;
  /** In place of {@link add}, and faster: for columns whose replacements are all tokens or hashes. */
  addToken(token: string): void;
  report(): FrequencyReport;
}

/** Fewer cells than these show no frequencies to speak of. */
export const fewestJudged = 100;
/** A gap between two counts of so many standard deviations is no accident. */
const clearGap = 2;
/** So large a share of the cells may be turned back. */
const mostExposed = 0.01;
/** Values that come back less often on average have no frequency to go by. */
const fewestRepetitions = 4;
/** Below the entropy of 64 equally frequent values a column is a short list, for the advice. */
const shortListBits = 6;

/**
 * Measures whether equal replacements of equal values can be turned back by counting them.
 *
 * Frequency analysis puts the replacements in order of how often they occur, the values that are known to be possible
 * in order of how common they are in public statistics, and matches the two; it recovered nearly all of some columns of
 * patient records (Naveed, Kamara, Wright, "Inference Attacks on Property-Preserving Encrypted Databases", CCS 2015). It
 * can tell two values apart only if their counts differ by more than chance: counts of c₁ and c₂ vary by about √(c₁ + c₂)
 * from one sample of people to another. So the counts, in order, fall into groups: wherever two neighbours are further
 * than two such deviations apart, a new group begins. Within a group of g values a match is a guess, right once in g
 * times. The share of the cells that is expected to be matched right is the sum of the groups' shares, each divided by
 * its g; groups whose values occur fewer than four times on average are left out. The verdict is `weak` above 1 %.
 *
 * A value that sticks out is a group of its own, and a short list of equally frequent values one small group. A column
 * of identifiers is one large group, and `ok`, however often each of them occurs.
 *
 * Under 100 cells nothing is judged. Give it the canonical form of a value, as that decides about equality.
 */
export function frequencyMeter(): FrequencyMeter {
  const counter = new ValueCounter();
  return {
    add: (value) => counter.add(value),
    addToken: (token) => counter.addToken(token),
    report: () => {
      const counts = counter.counts();
      const { cells, distinct, entropyBits, top } = counts;
      const topShare = cells === 0 ? 0 : top / cells;
      const exposedShare = shareTurnedBack(counts);
      const isWeak = cells >= fewestJudged && exposedShare > mostExposed;
      return {
        cells,
        distinct,
        topShare,
        entropyBits,
        exposedShare,
        verdict: isWeak ? 'weak' : 'ok',
        advice: isWeak ? advise(entropyBits < shortListBits, topShare, exposedShare) : '',
      };
    },
  };
}

function shareTurnedBack({ cells, frequent, otherwiseAtMost, undercount }: ValueCounts): number {
  let exposed = 0;
  for (let first = 0; first < frequent.length; ) {
    let end = first + 1;
    while (end < frequent.length && !isClear(frequent[end - 1] ?? 0, frequent[end] ?? 0, undercount)) end += 1;
    // The last group may go on among the values that aren't listed, however many those are.
    const last = frequent[end - 1] ?? 0;
    if (end === frequent.length && otherwiseAtMost > 0 && !isClear(last, otherwiseAtMost, undercount)) break;
    const mean = frequent.slice(first, end).reduce((sum, count) => sum + count, 0) / (end - first);
    if (mean >= fewestRepetitions) exposed += mean;
    first = end;
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
