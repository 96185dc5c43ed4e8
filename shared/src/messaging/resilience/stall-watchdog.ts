import type { BusPort, TopicLag } from '../bus-port.ts';

export interface WatchdogOptions {
  /** How often to look; 10 s where left out. */
  readonly intervalMs?: number;
  /** Looks in a row that find work waiting and nothing moving; 3 where left out. */
  readonly looks?: number;
  /** A handler that takes no longer is at work and no stall; 10 minutes where left out. */
  readonly longestHandlerMs?: number;
}

export interface Watched {
  readonly bus: Pick<BusPort, 'lag'>;
  readonly topic: string;
  readonly group: string;
  /** Whether this consumer has begun or done anything since it was last asked, or has good reason not to. */
  readonly hasMoved: () => boolean;
  readonly onLag: (lag: readonly TopicLag[]) => void;
  /** Messages wait and nothing moves. The watch goes on when it resolves. */
  readonly onStall: () => Promise<void>;
}

/**
 * Notices a consumer that has silently stopped: messages wait, and neither this consumer nor anybody else of its group moves.
 * A consumer without a partition of its own is no stall as long as the lag falls.
 */
export class StallWatchdog {
  readonly #watched: Watched;
  readonly #looks: number;
  readonly #timer: NodeJS.Timeout;
  #lag: bigint | undefined;
  #still = 0;
  #looking = false;

  constructor(watched: Watched, { intervalMs = 10_000, looks = 3 }: WatchdogOptions = {}) {
    this.#watched = watched;
    this.#looks = looks;
    this.#timer = setInterval(() => void this.look(), intervalMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Looks now; overlapping looks are left out. Never rejects. */
  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      const { bus, topic, group, onLag, onStall } = this.#watched;
      const lags = await bus.lag(topic, group);
      onLag(lags);
      if (!this.#isStill(lags)) return;
      this.#still = 0;
      await onStall();
    } catch {
      // A bus that is away is no stall, and says so elsewhere.
      this.#still = 0;
    } finally {
      this.#looking = false;
    }
  }

  #isStill(lags: readonly TopicLag[]): boolean {
    const lag = lags.reduce((sum, each) => sum + each.lag, 0n);
    const hasMoved = this.#watched.hasMoved();
    const before = this.#lag;
    this.#lag = lag;
    const isStill = before !== undefined && lag > 0n && lag >= before && !hasMoved;
    this.#still = isStill ? this.#still + 1 : 0;
    return this.#still >= this.#looks;
  }
}
