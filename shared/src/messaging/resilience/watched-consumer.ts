import type { BusPort, Consumer } from '../bus-port.ts';
import type { MessageLogger, MessageMetrics } from '../ports/index.ts';
import { StallWatchdog, type WatchdogOptions } from './stall-watchdog.ts';

export interface WatchedConsumerOptions {
  readonly bus: Pick<BusPort, 'lag'>;
  readonly topic: string;
  readonly group: string;
  readonly metrics: MessageMetrics;
  readonly logger: MessageLogger;
  readonly watchdog?: WatchdogOptions;
  /** Starts consuming, at first and after each stall. */
  readonly start: () => Promise<Consumer>;
  /** See `Watched`. @param longestMs a handler that takes no longer is at work */
  readonly hasMoved: (longestMs: number) => boolean;
  readonly onStalled: () => void;
}

const restartDeadlineMs = 1_000;

/** A consumer of one topic that is started anew when messages wait and nothing moves. */
export class WatchedConsumer {
  readonly #options: WatchedConsumerOptions;
  #consumer: Consumer;
  #watchdog: StallWatchdog | undefined;
  #lag: number | undefined;
  #isStalled = false;
  #isClosed = false;

  private constructor(options: WatchedConsumerOptions, consumer: Consumer) {
    this.#options = options;
    this.#consumer = consumer;
  }

  /** @throws what `start` does */
  static async start(options: WatchedConsumerOptions): Promise<WatchedConsumer> {
    const watched = new WatchedConsumer(options, await options.start());
    watched.#watch();
    return watched;
  }

  get isStalled(): boolean {
    return this.#isStalled;
  }

  /** Messages not settled at the last look; undefined before the first one. */
  get lag(): number | undefined {
    return this.#lag;
  }

  async close(deadlineMs?: number): Promise<void> {
    this.#isClosed = true;
    this.#watchdog?.close();
    await this.#consumer.close(deadlineMs);
  }

  #watch(): void {
    const { bus, topic, group, metrics, hasMoved, watchdog } = this.#options;
    const longestMs = watchdog?.longestHandlerMs ?? 600_000;
    this.#watchdog = new StallWatchdog(
      {
        bus,
        topic,
        group,
        hasMoved: () => hasMoved(longestMs),
        onLag: (lags) => {
          for (const { partition, lag } of lags) metrics.lag(topic, group, partition, Number(lag));
          this.#lag = lags.reduce((sum, { lag }) => sum + Number(lag), 0);
        },
        onStall: () => this.#restart(),
      },
      watchdog,
    );
  }

  async #restart(): Promise<void> {
    if (this.#isClosed) return;
    const { topic, group, metrics, logger, start, onStalled } = this.#options;
    logger.error({ topic, group }, 'messages wait and nothing moves, the consumer is started anew');
    metrics.stalled(topic, group);
    this.#isStalled = true;
    onStalled();
    await this.#consumer.close(restartDeadlineMs);
    if (this.#isClosed) return;
    this.#consumer = await start();
    // Closed meanwhile, it must not outlive us.
    if (this.#isClosed) await this.#consumer.close(0);
    this.#isStalled = false;
  }
}
