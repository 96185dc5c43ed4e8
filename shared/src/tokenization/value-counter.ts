import { CountTable } from './count-table.ts';
import { tokenPrefix } from './token.ts';

/** Up to so many different values are counted exactly. */
const mostCounted = 65_536;
/** Of the values that may be frequent, so many are followed once there are more. */
const mostFollowed = 16_384;
/** What is judged from counts needs no more of them than this. */
const mostReported = 1_024;
/** Hex digits of 32 bits. */
const wordDigits = 8;
/**
 * So many values wait to be counted together: a table stays in the processor's cache for all of them, where the columns
 * of a row would take turns at pushing each other's tables out of it.
 */
const waitingValues = 2_048;

export interface ValueCounts {
  readonly cells: number;
  readonly distinct: number;
  readonly entropyBits: number;
  /** Count of the most frequent value. */
  readonly top: number;
  /** Counts of the most frequent values, from the largest. */
  readonly frequent: readonly number[];
  /** No value outside of `frequent` occurs more often. */
  readonly otherwiseAtMost: number;
  /** How far a count in `frequent` may lie below the truth. */
  readonly undercount: number;
}

/**
 * Counts how often each value occurs, in bounded memory (under 4 MB) and without keeping a value: of each there is a
 * 64-bit hash alone, so that two of a million values are taken for one with a probability of 10^-7.
 *
 * Up to 65,536 different values all is exact. Beyond that:
 * - the number of different values and the entropy of the rarer ones come from a sample of values, picked by their hash
 *   and counted exactly (Gibbons, "Distinct Sampling for Highly-Accurate Answers to Distinct Values Queries", VLDB 2001):
 *   between 32,768 and 65,536 values, a standard error of at most 0.6 %;
 * - the most frequent values come from Misra and Gries' summary ("Finding repeated elements", 1982) as Anderson et al.
 *   do it ("A High-Performance Algorithm for Identifying Frequent Items in Data Streams", IMC 2017): a count is never too
 *   high, and too low by at most an 8,192nd of the cells.
 */
export class ValueCounter {
  readonly #sample = new CountTable();
  #followed: CountTable | undefined;
  #cells = 0;
  #undercount = 0;
  /** Values whose hash ends with zeros in these bits are in the sample. */
  #sampleMask = 0;
  /** Halves of the hashes of values that are not counted yet, in pairs. */
  readonly #waiting = new Int32Array(waitingValues * 2);
  #waitingEnd = 0;

  add(value: string): void {
    this.#cells += 1;
    // Two multiplicative hashes of 32 bits, each finished so that every bit depends on every character.
    let a = 0x811c_9dc5;
    let b = 0x3c6e_f372;
    for (let i = 0; i < value.length; i += 1) {
      const unit = value.charCodeAt(i);
      a = Math.imul(a ^ unit, 0x0100_0193);
      b = Math.imul(b ^ unit, 0x6c07_8965);
    }
    this.#take(finish(a ^ (b >>> 16)), finish(b ^ Math.imul(a, 0x5bd1_e995)));
  }

  /**
   * {@link add} for tokens: their hex digits are those of a keyed digest, and need no hashing to be spread evenly. A column's
   * values are to be counted by one of the two alone.
   */
  addToken(token: string): void {
    this.#cells += 1;
    this.#take(wordAt(token, tokenPrefix.length), wordAt(token, tokenPrefix.length + wordDigits));
  }

  #take(high: number, low: number): void {
    this.#waiting[this.#waitingEnd] = high;
    this.#waiting[this.#waitingEnd + 1] = low;
    this.#waitingEnd += 2;
    if (this.#waitingEnd === this.#waiting.length) this.#countWaiting();
  }

  #countWaiting(): void {
    const end = this.#waitingEnd;
    this.#waitingEnd = 0;
    for (let i = 0; i < end; i += 2) this.#count(this.#waiting[i] as number, this.#waiting[i + 1] as number);
  }

  #count(high: number, low: number): void {
    if ((low & this.#sampleMask) === 0) {
      this.#sample.add(high, low, 1);
      if (this.#sample.size > mostCounted) this.#halveSample();
    }
    if (this.#followed !== undefined) {
      this.#followed.add(high, low, 1);
      if (this.#followed.size > mostFollowed) this.#forgetRare(this.#followed, mostFollowed >> 1);
    }
  }

  counts(): ValueCounts {
    this.#countWaiting();
    const cells = this.#cells;
    if (this.#followed === undefined) {
      const all = this.#sample.descending();
      const entropyBits = all.reduce((sum, count) => sum + entropyOf(count / cells), 0);
      const frequent = Array.from(all.subarray(0, mostReported));
      const otherwiseAtMost = all[mostReported] ?? 0;
      const [top = 0] = frequent;
      return { cells, distinct: all.length, entropyBits, top, frequent, otherwiseAtMost, undercount: 0 };
    }
    return this.#estimates(this.#followed);
  }

  /** Too many values to count all: every second one leaves the sample, and the frequent ones are followed on their own. */
  #halveSample(): void {
    if (this.#followed === undefined) {
      const followed = new CountTable();
      this.#sample.forEach((high, low, count) => void followed.add(high, low, count));
      this.#forgetRare(followed, mostFollowed >> 1);
      this.#followed = followed;
    }
    this.#sampleMask = this.#sampleMask * 2 + 1;
    this.#sample.change((_high, low, count) => ((low & this.#sampleMask) === 0 ? count : 0));
  }

  /** Takes off every count what the first one not to be kept has. */
  #forgetRare(followed: CountTable, kept: number): void {
    const least = followed.countAt(kept);
    followed.change((_high, _low, count) => count - least);
    this.#undercount += least;
  }

  #estimates(followed: CountTable): ValueCounts {
    const cells = this.#cells;
    const undercount = this.#undercount;
    // Whatever was followed from a half or so of its occurrences on is frequent; the rest is judged by the sample.
    const isFrequent = (count: number) => count > undercount;
    const frequent = new CountTable();
    let entropyBits = 0;
    let frequentCells = 0;
    followed.forEach((high, low, count) => {
      if (!isFrequent(count)) return;
      frequent.add(high, low, count);
      const estimate = count + undercount / 2;
      frequentCells += estimate;
      entropyBits += entropyOf(Math.min(1, estimate / cells));
    });
    let sampledCells = 0;
    let sampledValues = 0;
    this.#sample.forEach((high, low, count) => {
      if (frequent.has(high, low)) return;
      sampledCells += count;
      sampledValues += 1;
    });
    const weight = sampledCells === 0 ? 0 : Math.max(0, cells - frequentCells) / sampledCells;
    this.#sample.forEach((high, low, count) => {
      if (!frequent.has(high, low)) entropyBits += weight * (count / cells) * Math.log2(cells / count);
    });
    const counts = frequent.descending();
    return {
      cells,
      distinct: Math.round(sampledValues * (this.#sampleMask + 1) + frequent.size),
      entropyBits,
      top: followed.countAt(0),
      frequent: Array.from(counts.subarray(0, mostReported)),
      otherwiseAtMost: undercount + (counts[mostReported] ?? undercount),
      undercount,
    };
  }
}

/** A value's part in Shannon's entropy. */
function entropyOf(share: number): number {
  return share > 0 ? -share * Math.log2(share) : 0;
}

/** Eight lower-case hex digits as a number. */
function wordAt(text: string, start: number): number {
  let word = 0;
  for (let i = start; i < start + wordDigits; i += 1) {
    const code = text.charCodeAt(i);
    // Letters lie 1 to 6 above a multiple of 16, and stand for 10 to 15.
    word = (word << 4) | ((code & 15) + 9 * (code >> 6));
  }
  return word;
}

function finish(hash: number): number {
  let mixed = hash ^ (hash >>> 15);
  mixed = Math.imul(mixed, 0x2c1b_3c6d);
  mixed ^= mixed >>> 12;
  mixed = Math.imul(mixed, 0x297a_2d39);
  return mixed ^ (mixed >>> 15);
}
