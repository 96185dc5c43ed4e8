import {
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  DelegateBackoff,
  handleWhen,
  isBrokenCircuitError,
  retry,
  wrap,
} from 'cockatiel';
import { SdpError, UnavailableError } from '../../errors/index.ts';
import type { BusPort, OutgoingMessage } from '../bus-port.ts';
import type { Circuit } from './handler-guard.ts';

export interface PublisherOptions {
  /** Retries after the first attempt; 6 where left out. */
  readonly maxRetries?: number;
  readonly initialDelayMs?: number;
  readonly maxDelayMs?: number;
  /** The circuit opens after this many failures in a row, for `openMs`. */
  readonly breaker?: { readonly failures: number; readonly openMs: number };
}

const isRetryable = (error: unknown) => error instanceof SdpError && error.retryable;

/**
 * Publishes and, while the bus is away, tries again: exponential backoff with full jitter, a circuit that opens. What is
 * repeated are the same bytes under the same event ids: receivers know them again.
 */
export class Publisher {
  readonly #bus: BusPort;
  readonly #breaker;
  readonly #policy;

  constructor(bus: BusPort, options: PublisherOptions = {}) {
    this.#bus = bus;
    const { maxRetries = 6, initialDelayMs = 100, maxDelayMs = 10_000 } = options;
    const { failures, openMs } = options.breaker ?? { failures: 10, openMs: 5_000 };
    const retrying = retry(handleWhen(isRetryable), {
      maxAttempts: maxRetries,
      backoff: new DelegateBackoff(
        ({ attempt }) => Math.random() * Math.min(maxDelayMs, initialDelayMs * 2 ** (attempt - 1)),
      ),
    });
    this.#breaker = circuitBreaker(handleWhen(isRetryable), {
      halfOpenAfter: openMs,
      breaker: new ConsecutiveBreaker(failures),
    });
    this.#policy = wrap(this.#breaker, retrying);
  }

  get circuit(): Circuit {
    const { state } = this.#breaker;
    if (state === CircuitState.Closed) return 'closed';
    return state === CircuitState.HalfOpen ? 'half-open' : 'open';
  }

  /** @throws {UnavailableError} `bus-unavailable` after the last retry, or at once while the circuit is open */
  async publish(topic: string, messages: readonly OutgoingMessage[]): Promise<void> {
    try {
      await this.#policy.execute(() => this.#bus.publish(topic, messages));
    } catch (error) {
      if (isBrokenCircuitError(error)) throw new UnavailableError('bus-unavailable');
      throw error;
    }
  }
}
