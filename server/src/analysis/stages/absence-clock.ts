import type { StageBus } from '@sdp/shared/messaging';
import type { Logger } from '../../observability/index.ts';

/** Partitions of a stage, as far as time matters to them. */
export interface Clocked {
  readonly topic: string;
  readonly group: string;
  /** Groups whose messages have to be through as well, with their topics: what they send may still be on its way. */
  readonly behind: readonly { readonly topic: string; readonly group: string }[];
  waitingForTime(): readonly number[];
  advance(partition: number, clockMs: number): Promise<void>;
}

export interface AbsenceClockOptions {
  readonly bus: Pick<StageBus, 'lag'>;
  readonly stages: readonly Clocked[];
  readonly logger: Pick<Logger, 'warn'>;
  /** Between two looks; 2 s where left out. */
  readonly everyMs?: number;
}

/** What the API took so long ago stands in the log, and its clock and ours agree as far. */
const marginMs = 5_000;

/**
 * Lets time pass for partitions in which nothing is left to read: an absence would otherwise be noticed with the next event. What
 * is found does not depend on when this runs: the next event would find the same, as all events before it have been shown.
 */
export class AbsenceClock {
  readonly #options: AbsenceClockOptions;
  readonly #timer: NodeJS.Timeout;
  #ticking: Promise<void> | undefined;

  constructor(options: AbsenceClockOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.tick(), options.everyMs ?? 2_000).unref();
  }

  tick(): Promise<void> {
    this.#ticking ??= this.#tick()
      .catch(() => this.#options.logger.warn({}, 'absences could not be looked for, it will be tried again'))
      .finally(() => {
        this.#ticking = undefined;
      });
    return this.#ticking;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#ticking;
  }

  async #tick(): Promise<void> {
    const { bus, stages } = this.#options;
    for (const stage of stages) {
      const waiting = stage.waitingForTime();
      if (waiting.length === 0) continue;
      // Before the look: what comes in after it is newer.
      const clockMs = Date.now() - marginMs;
      const others = await Promise.all(stage.behind.map(({ topic, group }) => bus.lag(topic, group)));
      if (others.flat().some(({ lag }) => lag > 0n)) continue;
      const lags = await bus.lag(stage.topic, stage.group);
      const isThrough = (partition: number) => lags.some((each) => each.partition === partition && each.lag === 0n);
      for (const partition of waiting.filter(isThrough)) await stage.advance(partition, clockMs);
    }
  }
}
