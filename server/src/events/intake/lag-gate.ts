import { UnavailableError } from '@sdp/shared/errors';
import type { TopicLag } from '@sdp/shared/messaging';

export interface LagGateOptions {
  /** Of each group that handles events: its messages that nobody has handled yet, of all topics. */
  readonly lagOf: () => Promise<readonly (readonly TopicLag[])[]>;
  /** Above it, in any group, no more events are taken. */
  readonly maxMessages: number;
  /** Told once of a time in which too many wait, however often it is asked. */
  readonly onOverload?: (messages: number) => void;
  /** Between two looks at the lag; a second where left out. */
  readonly everyMs?: number;
  readonly now?: () => number;
}

const retryAfterSeconds = 5;
/** Too many wait again so soon after it was over: it is the same overload. */
const calmMs = 600_000;

/** Turns events away while those that were taken wait too long: what piles up in the log would only grow. */
export class LagGate {
  readonly #options: LagGateOptions;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #fullAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;
  #messages = 0;

  constructor(options: LagGateOptions) {
    this.#options = options;
  }

  /** Messages that waited at the last look, for the group that had most. */
  get messages(): number {
    return this.#messages;
  }

  /**
   * @throws {UnavailableError} `server-busy` where too many wait, `bus-unavailable` where that can't be told
   */
  async check(): Promise<void> {
    const { maxMessages, everyMs = 1_000, now = () => performance.now() } = this.#options;
    if (now() - this.#lookedAt >= everyMs) {
      this.#looking ??= this.#look(now).finally(() => {
        this.#looking = undefined;
        this.#lookedAt = now();
      });
      await this.#looking;
    }
    if (this.#messages > maxMessages) {
      throw new UnavailableError('server-busy', {
        message: 'Events that were taken wait too long to be stored, or to be analysed',
        details: { retryAfterSeconds },
      });
    }
  }

  async #look(now: () => number): Promise<void> {
    const { lagOf, maxMessages, onOverload } = this.#options;
    const groups = await lagOf();
    this.#messages = Math.max(0, ...groups.map((lags) => lags.reduce((sum, { lag }) => sum + Number(lag), 0)));
    if (this.#messages <= maxMessages) return;
    const isNew = now() - this.#fullAt > calmMs;
    this.#fullAt = now();
    if (isNew) onOverload?.(this.#messages);
  }
}
