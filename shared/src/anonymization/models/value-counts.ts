/** How often each value of a sensitive column occurs among some records. One object serves class after class. */
export class ValueCounts {
  /** By code; all zero for codes that aren't in {@link seen}. */
  readonly counts: Uint32Array;
  /** The codes that occur; the first {@link distinct} entries count. */
  readonly seen: Uint32Array;
  distinct = 0;
  total = 0;

  constructor(codes: number) {
    this.counts = new Uint32Array(codes);
    this.seen = new Uint32Array(codes);
  }

  add(code: number, times: number): void {
    const before = this.counts[code] as number;
    if (before === 0) {
      this.seen[this.distinct] = code;
      this.distinct += 1;
    }
    this.counts[code] = before + times;
    this.total += times;
  }

  clear(): void {
    for (let index = 0; index < this.distinct; index += 1) this.counts[this.seen[index] as number] = 0;
    this.distinct = 0;
    this.total = 0;
  }

  /** Shannon entropy of the values, in nats. */
  entropy(): number {
    let sum = 0;
    for (let index = 0; index < this.distinct; index += 1) {
      const count = this.counts[this.seen[index] as number] as number;
      sum += count * Math.log(count);
    }
    return this.total === 0 ? 0 : Math.log(this.total) - sum / this.total;
  }
}
