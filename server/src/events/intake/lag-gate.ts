import { UnavailableError } from '@sdp/shared/errors';
import type { TopicLag } from '@sdp/shared/messaging';

export interface LagGateOptions {
  /** Messages of each topic that nobody has handled yet. */
  readonly lagOf: () => Promise<readonly (readonly TopicLag[])[]>;
  /** Above it no more events are taken. */
  readonly maxMessages: number;
  /** Between two looks at the lag; a second where left out. */
  readonly everyMs?: number;
  readonly now?: () => number;
}

const retryAfterSeconds = 5;

/** Turns events away while those that were taken wait too long: what piles up in the log would only grow. */
export class LagGate {
  readonly #options: LagGateOptions;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;
  #messages = 0;

  constructor(options: LagGateOptions) {
    this.#options = options;
  }

  /** Messages that waited at the last look. */
  get messages(): number {
    return this.#messages;
  }

  /**
   * @throws {UnavailableError} `server-busy` where too many wait, `bus-unavailable` where that can't be told
   */
  async check(): Promise<void> {
    const { maxMessages, everyMs = 1_000, now = () => performance.now() } = this.#options;
    if (now() - this.#lookedAt >= everyMs) {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined;
        this.#lookedAt = now();
      });
      await this.#looking;
    }
    if (this.#messages > maxMessages) {
      throw new UnavailableError('server-busy', {
        message: 'Events that were taken wait too long to be stored',
        details: { retryAfterSeconds },
      });
    }
  }

  async #look(): Promise<void> {
    const topics = await this.#options.lagOf();
    this.#messages = topics.flat().reduce((sum, { lag }) => sum + Number(lag), 0);
  }
}
