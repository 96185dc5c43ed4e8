import {
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
  isBrokenCircuitError,
} from 'cockatiel';
import { SdpError, UnavailableError } from '../../errors/index.ts';
import { RetryBudget, type RetryBudgetOptions } from './retry-budget.ts';

export interface HandlerGuardOptions {
  /** Handlers that run at once in this consumer, over all its partitions; 64 where left out. */
  readonly maxConcurrent?: number;
  /** The circuit opens after this many failures of the surroundings in a row, for `openMs`; 10 and 5,000 where left out. */
  readonly breaker?: { readonly failures: number; readonly openMs: number };
  readonly retryBudget?: RetryBudgetOptions;
}

export type Circuit = 'closed' | 'open' | 'half-open';

const defaultBreaker = { failures: 10, openMs: 5_000 };
const isOfSurroundings = (error: unknown) => error instanceof SdpError && error.retryable;

/**
 * What stands between the bus and a handler. Only errors that say they are retryable count for the circuit: they speak of
 * what the handler needs. A message that is bad in itself must not hold up the others. While the circuit is open, or no
 * retry may be spent, messages wait without using up their attempts.
 */
export class HandlerGuard {
  readonly #breaker: CircuitBreakerPolicy;
  readonly #budget: RetryBudget;
  readonly #maxConcurrent: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];
  /** Whether anything has failed since the breaker last heard of a success. */
  #isTroubled = false;

  constructor({ maxConcurrent = 64, breaker = defaultBreaker, retryBudget }: HandlerGuardOptions = {}) {
    this.#maxConcurrent = maxConcurrent;
    this.#breaker = circuitBreaker(handleWhen(isOfSurroundings), {
      halfOpenAfter: breaker.openMs,
      breaker: new ConsecutiveBreaker(breaker.failures),
    });
    this.#budget = new RetryBudget(retryBudget);
  }

  get circuit(): Circuit {
    const { state } = this.#breaker;
    if (state === CircuitState.Closed) return 'closed';
    return state === CircuitState.HalfOpen ? 'half-open' : 'open';
  }

  /** @throws {UnavailableError} `handler-unavailable` when the circuit is open or no retry may be spent; what `work` throws */
  async run<T>(attempt: number, work: () => Promise<T>): Promise<T> {
    if (attempt > 1 && !this.#budget.take()) throw new UnavailableError('handler-unavailable');
    if (this.#running >= this.#maxConcurrent) await new Promise<void>((go) => this.#waiting.push(go));
    else this.#running++;
    const isCalm = !this.#isTroubled;
    try {
      // As long as nothing fails the breaker has nothing to do, and is spared: it would cost as much as opening a message.
      const result = isCalm ? await work() : await this.#tryTroubled(work);
      this.#budget.earn();
      return result;
    } catch (error) {
      if (isCalm && isOfSurroundings(error)) await this.#tellBreaker(error);
      if (!isBrokenCircuitError(error)) throw error;
      if (attempt > 1) this.#budget.giveBack();
      throw new UnavailableError('handler-unavailable');
    } finally {
      // The place goes to the next in line without being free in between.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }

  /** Of a failure that it has not seen. */
  async #tellBreaker(error: unknown): Promise<void> {
    this.#isTroubled = true;
    if (this.circuit === 'closed') await this.#breaker.execute(() => Promise.reject(error)).catch(() => undefined);
  }

  async #tryTroubled<T>(work: () => Promise<T>): Promise<T> {
    const result = await this.#breaker.execute(work);
    if (this.circuit === 'closed') this.#isTroubled = false;
    return result;
  }
}
