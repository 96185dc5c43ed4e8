/** What is known of one transaction. */
export interface Report {
  readonly fraud: boolean;
  /** From when it counts. */
  readonly sinceMs: number;
  /** Latest word on it. */
  readonly latestMs: number;
}

/**
 * Confirmed frauds at one terminal by when they became known. A transaction counts once, from the first time it was
 * called a fraud, until a later word says it was none.
 */
export class ReportList {
  readonly #reports: Map<number, Report>;
  /** Times of those that are frauds, ascending. */
  readonly #times: number[];

  constructor(reports: Map<number, Report> = new Map()) {
    this.#reports = reports;
    this.#times = [...reports.values()].filter(({ fraud }) => fraud).map(({ sinceMs }) => sinceMs);
    this.#times.sort((a, b) => a - b);
  }

  get reports(): ReadonlyMap<number, Report> {
    return this.#reports;
  }

  learn(id: number, knownMs: number, fraud: boolean): void {
    const before = this.#reports.get(id);
    const after = before ? updated(before, knownMs, fraud) : { fraud, sinceMs: knownMs, latestMs: knownMs };
    this.#reports.set(id, after);
    if (before?.fraud) this.#times.splice(this.#after(before.sinceMs) - 1, 1);
    if (after.fraud) this.#times.splice(this.#after(after.sinceMs), 0, after.sinceMs);
  }

  /** Frauds known since after `fromMs` and at `toMs`. */
  countBetween(fromMs: number, toMs: number): number {
    return Math.max(0, this.#after(toMs) - this.#after(fromMs));
  }

  /** When the latest fraud known at `toMs` became known, if that was after `fromMs`. */
  latestBetween(fromMs: number, toMs: number): number | undefined {
    const latest = this.#times[this.#after(toMs) - 1];
    return latest !== undefined && latest > fromMs ? latest : undefined;
  }

  /** Forgets what was last heard of at `timeMs` or before. Returns whether nothing is left. */
  dropUntil(timeMs: number): boolean {
    for (const [id, report] of this.#reports) {
      if (report.latestMs > timeMs) continue;
      this.#reports.delete(id);
      if (report.fraud) this.#times.splice(this.#after(report.sinceMs) - 1, 1);
    }
    return this.#reports.size === 0;
  }

  /** Index of the first time later than `timeMs`. */
  #after(timeMs: number): number {
    let low = 0;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#times[middle] as number) <= timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** An older word than the latest changes nothing, unless it says that a fraud was known earlier. */
function updated(before: Report, knownMs: number, fraud: boolean): Report {
  if (fraud && before.fraud) {
    return { fraud, sinceMs: Math.min(before.sinceMs, knownMs), latestMs: Math.max(before.latestMs, knownMs) };
  }
  return knownMs < before.latestMs ? before : { fraud, sinceMs: knownMs, latestMs: knownMs };
}
