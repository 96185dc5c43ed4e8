const smallestCapacity = 1_024;
const smallCounts = 64;
/** Larger tables are rebuilt too rarely to keep their arrays for it. */
const largestKept = 65_536;

/**
 * Counts by 64-bit keys, given as two halves, in flat arrays: no string is held on to, and a look-up makes nothing.
 * Open addressing with linear probing, about half full at most.
 */
export class CountTable {
  #mask = smallestCapacity - 1;
  #high = new Int32Array(smallestCapacity);
  #low = new Int32Array(smallestCapacity);
  #counts = new Uint32Array(smallestCapacity);
  #size = 0;
  /** What a rebuilding left, all zeros, for the next one of the same size: tables of frequent values are rebuilt all the time. */
  #spare:
    | {
        readonly high: Int32Array<ArrayBuffer>;
        readonly low: Int32Array<ArrayBuffer>;
        readonly counts: Uint32Array<ArrayBuffer>;
      }
    | undefined;

  get size(): number {
    return this.#size;
  }

  /** Adds to a key's count, from 0 where it is new. */
  add(high: number, low: number, count: number): void {
    let slot = high & this.#mask;
    for (;;) {
      const known = this.#counts[slot] as number;
      if (known === 0) break;
      if (this.#high[slot] === high && this.#low[slot] === low) {
        this.#counts[slot] = known + count;
        return;
      }
      slot = (slot + 1) & this.#mask;
    }
    this.#high[slot] = high;
    this.#low[slot] = low;
    this.#counts[slot] = count;
    this.#size += 1;
    // A table for 2^n keys has 2^(n + 1) places, with one key more for the moment in which it is seen that there is one too many.
    if (this.#size * 2 > this.#mask + 3) this.#rebuild(this.#counts.length * 2, (_high, _low, known) => known);
  }

  has(high: number, low: number): boolean {
    for (let slot = high & this.#mask; this.#counts[slot] !== 0; slot = (slot + 1) & this.#mask) {
      if (this.#high[slot] === high && this.#low[slot] === low) return true;
    }
    return false;
  }

  /** Replaces each count by another; a key whose count becomes 0 or less is forgotten. */
  change(next: (high: number, low: number, count: number) => number): void {
    this.#rebuild(this.#counts.length, next);
  }

  /** All counts, from the largest. */
  descending(): Uint32Array {
    const counts = new Uint32Array(this.#size);
    let next = 0;
    this.forEach((_high, _low, count) => {
      counts[next++] = count;
    });
    return counts.sort().reverse();
  }

  /** The count that has so many others before it, from the largest; 0 where there are fewer. */
  countAt(rank: number): number {
    if (rank >= this.#size) return 0;
    // Most counts are small, and their order is known from how many there are of each.
    const small = new Uint32Array(smallCounts);
    for (let slot = 0; slot < this.#counts.length; slot += 1) {
      const count = this.#counts[slot] as number;
      if (count > 0 && count < smallCounts) small[count] = (small[count] as number) + 1;
    }
    let larger = this.#size;
    for (let count = 1; count < smallCounts; count += 1) {
      larger -= small[count] as number;
      if (larger <= rank) return count;
    }
    return this.descending()[rank] ?? 0;
  }

  forEach(visit: (high: number, low: number, count: number) => void): void {
    for (let slot = 0; slot < this.#counts.length; slot += 1) {
      const count = this.#counts[slot] as number;
      if (count > 0) visit(this.#high[slot] as number, this.#low[slot] as number, count);
    }
  }

  #rebuild(capacity: number, next: (high: number, low: number, count: number) => number): void {
    const [high, low, counts] = [this.#high, this.#low, this.#counts];
    const spare = this.#spare?.counts.length === capacity ? this.#spare : undefined;
    this.#mask = capacity - 1;
    this.#high = spare?.high ?? new Int32Array(capacity);
    this.#low = spare?.low ?? new Int32Array(capacity);
    this.#counts = spare?.counts ?? new Uint32Array(capacity);
    this.#size = 0;
    for (let slot = 0; slot < counts.length; slot += 1) {
      const count = counts[slot] as number;
      if (count === 0) continue;
      const changed = next(high[slot] as number, low[slot] as number, count);
      if (changed > 0) this.add(high[slot] as number, low[slot] as number, changed);
    }
    // A slot whose count is 0 is free, whatever stands in its keys.
    this.#spare =
      counts.length === capacity && capacity <= largestKept ? { high, low, counts: counts.fill(0) } : undefined;
  }
}
