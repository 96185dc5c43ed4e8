export interface RetryBudgetOptions {
  /** Retries that each handled message pays for. */
  readonly share: number;
  /** Retries allowed a second besides, so that a quiet topic retries too. */
  readonly perSecond: number;
  /** Retries that may be saved up. */
  readonly burst: number;
}

export const defaultRetryBudget: RetryBudgetOptions = { share: 0.2, perSecond: 10, burst: 100 };

/**
 * Keeps retries a fraction of the work, so that they can't multiply the load on something that fails under it
 * (M. Brooker, "Fixing retries with token buckets and circuit breakers", 2022).
 */
export class RetryBudget {
  readonly #options: RetryBudgetOptions;
  readonly #now: () => number;
  #tokens: number;
  #filledAt: number;

  /** @param now in milliseconds, monotonic */
  constructor(options: RetryBudgetOptions = defaultRetryBudget, now: () => number = () => performance.now()) {
    this.#options = options;
    this.#now = now;
    this.#tokens = options.burst;
    this.#filledAt = now();
  }

  /** A message was handled. */
  earn(): void {
    this.#add(this.#options.share);
  }

  /** @returns whether one more retry is allowed, and counts it */
  take(): boolean {
    const at = this.#now();
    this.#add(((at - this.#filledAt) / 1_000) * this.#options.perSecond);
    this.#filledAt = at;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** The retry that was taken did not take place. */
  giveBack(): void {
    this.#add(1);
  }

  #add(tokens: number): void {
    this.#tokens = Math.min(this.#options.burst, this.#tokens + tokens);
  }
}
