/** Quantiles of latencies, each to one percent, in a fixed amount of memory. */
export class LatencyRecord {
  readonly #buckets = new Uint32Array(2_000);
  #count = 0;
  #maxMs = 0;

  add(ms: number): void {
    this.#count++;
    if (ms > this.#maxMs) this.#maxMs = ms;
    // From 0.01 ms on, each bucket one percent wider.
    const bucket = Math.max(0, Math.min(this.#buckets.length - 1, Math.ceil(Math.log(ms / 0.01) / Math.log(1.01))));
    this.#buckets[bucket] = (this.#buckets[bucket] as number) + 1;
  }

  get count(): number {
    return this.#count;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  /** @returns the upper end of the bucket in which the quantile lies; 0 where nothing was recorded */
  quantile(share: number): number {
    let left = Math.ceil(this.#count * share);
    for (const [i, count] of this.#buckets.entries()) {
      left -= count;
      if (left <= 0 && this.#count > 0) return Math.min(this.#maxMs, 0.01 * 1.01 ** i);
    }
    return this.#maxMs;
  }
}
