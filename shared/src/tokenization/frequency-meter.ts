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
/** Values that come back less often have no frequency to go by. */
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
 * from one sample of people to another. So each value could be any of those, g in number and itself among them, whose
 * counts are within two such deviations of its own, and a match is right once in g times. The share of the cells that is
 * expected to be matched right is the sum of the values' shares, each divided by its g; values that occur fewer than four
 * times are left out. The verdict is `weak` above 1 %. `scripts/measure-frequency.ts` carries the match out.
 *
 * A value that sticks out stands alone, those of a short list have few beside them, and so have the commonest names. A
 * column of identifiers is `ok`, however often each of them occurs: each could be any of very many.
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
      const { cells, entropyBits, top } = counts;
      const topShare = cells === 0 ? 0 : top / cells;
      const exposedShare = shareTurnedBack(counts);
      const isWeak = cells >= fewestJudged && exposedShare > mostExposed;
      return {
        cells,
        // The estimate may lie above what there can be.
        distinct: Math.min(counts.distinct, cells),
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
  const areClear = (larger: number, smaller: number) => isClear(larger, smaller, undercount);
  let exposed = 0;
  // The values whose counts are too near to this one's; both ends only move on, since the counts fall.
  let first = 0;
  let end = 0;
  for (const [at, count] of frequent.entries()) {
    if (count < fewestRepetitions) break;
    while (areClear(frequent[first] ?? 0, count)) first += 1;
    end = Math.max(end, at + 1);
    while (end < frequent.length && !areClear(count, frequent[end] ?? 0)) end += 1;
    // They may go on among the values that aren't listed, however many those are.
    if (end === frequent.length && otherwiseAtMost > 0 && !areClear(count, otherwiseAtMost)) break;
    exposed += count / (end - first);
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
