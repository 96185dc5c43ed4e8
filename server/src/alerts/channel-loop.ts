import type { Pool } from '../database/index.ts';
import { errorFields, type Logger } from '../observability/index.ts';
import type { AlertMetrics } from './alert-metrics.ts';
import type { Channel } from './channels/channel.ts';
import { failuresUntilDown } from './rules/retry-rules.ts';
import { type ChannelState, takeChannel, tryAnew } from './store/channel-lease.ts';
import { type PendingMessage, pendingMessages } from './store/pending-messages.ts';
import { planChannel } from './store/plan-channel.ts';
import { type SettleOptions, settleMessage } from './store/settle-message.ts';
import { WakeUp } from './wake-up.ts';

/** What a channel is served by; another one takes its place when the file changes. */
export interface Serving extends Omit<SettleOptions, 'pool'> {
  readonly sender: Channel;
}

export interface ChannelLoopOptions {
  readonly pool: Pool;
  readonly owner: string;
  readonly metrics: AlertMetrics;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly pollMs: number;
  readonly serving: Serving;
  /** Another one of this process has the channel until then. */
  readonly after: Promise<void> | undefined;
}

/** What is due is planned at once; what could not be, though it is due, is tried so often. */
const shortestMs = 5;

/**
 * Serves one channel for as long as this process has it: plans what is due, sends it, and writes down what became of it. What
 * remains to be done stands in the database alone; a process that is killed is replaced by any other.
 */
export class ChannelLoop {
  readonly #options: ChannelLoopOptions;
  readonly #wakeUp = new WakeUp();
  readonly #inFlight = new Map<string, Promise<void>>();
  readonly #running: Promise<void>;
  #serving: Serving;
  #isStopped = false;
  #isDown = false;
  /** It leads elsewhere now. */
  #isNew = false;

  constructor(options: ChannelLoopOptions) {
    this.#options = options;
    this.#serving = options.serving;
    this.#running = this.#run();
  }

  wake(): void {
    this.#wakeUp.wake();
  }

  /** Goes on by another file. What is under way ends as it began. @param leadsElsewhere than before */
  use(serving: Serving, leadsElsewhere: boolean): void {
    const { sender } = this.#serving;
    this.#serving = serving;
    this.#isNew ||= leadsElsewhere;
    if (serving.sender !== sender) void Promise.allSettled(this.#inFlight.values()).then(() => sender.close());
    this.wake();
  }

  /** Sends nothing further, and waits for what is under way as long as it may. */
  async close(deadlineMs: number): Promise<void> {
    this.#isStopped = true;
    this.wake();
    await this.#running;
    const timer = AbortSignal.timeout(Math.max(1, deadlineMs));
    const expired = new Promise<void>((resolve) => timer.addEventListener('abort', () => resolve()));
    await Promise.race([Promise.allSettled(this.#inFlight.values()), expired]);
    await this.#serving.sender.close();
  }

  async #run(): Promise<void> {
    const { logger, pollMs, after } = this.#options;
    await after;
    while (!this.#isStopped) {
      let nextMs: number | undefined;
      try {
        nextMs = await this.#turn();
      } catch (error) {
        logger.warn(
          { channel: this.#serving.channel.name, ...errorFields(error) },
          'alerts could not be looked at, it will be tried again',
        );
      }
      await this.#wakeUp.sleep(Math.min(pollMs, Math.max(shortestMs, nextMs ?? pollMs)));
    }
  }

  /** @returns until there is something to do next, as far as is known */
  async #turn(): Promise<number | undefined> {
    const { pool, owner, metrics, pollMs } = this.#options;
    const { config, channel } = this.#serving;
    if (this.#isNew) {
      this.#isNew = false;
      await tryAnew(pool, channel.name).catch((error: unknown) => {
        this.#isNew = true;
        throw error;
      });
    }
    const state = await takeChannel(pool, channel.name, owner);
    if (state === undefined) return undefined;
    this.#note(state);
    if (state.blockedMs > 0) return state.blockedMs;
    const isDown = state.failures >= failuresUntilDown;
    // A channel that is down is tried by what it has not taken yet; the rest waits in its groups.
    const planned = isDown
      ? undefined
      : await planChannel({
          ...{ pool, config, channel, owner },
          onSilenced: (count) => metrics.settled(channel.name, 'silenced', count),
        });
    const limit = (isDown ? 1 : channel.maxInFlight) - this.#inFlight.size;
    if (limit <= 0) return undefined;
    const busy = [...this.#inFlight.keys()];
    const { messages, nextMs } = await pendingMessages(pool, channel.name, { busy, limit });
    for (const message of messages) this.#start(message);
    if (isDown && messages.length === 0 && nextMs === undefined && busy.length === 0) await this.#revive();
    return Math.min(planned?.nextMs ?? pollMs, nextMs ?? pollMs);
  }

  #start(message: PendingMessage): void {
    if (this.#isStopped) return;
    const sending = this.#send(message).finally(() => {
      this.#inFlight.delete(message.messageId);
      this.wake();
    });
    this.#inFlight.set(message.messageId, sending);
  }

  async #send(message: PendingMessage): Promise<void> {
    const { pool, metrics, logger } = this.#options;
    const { sender, channel } = this.#serving;
    const { messageId, createdAt, notice } = message;
    const outcome = await sender.send({ messageId, createdAt, notice });
    metrics.attempted(channel.name, outcome.kind);
    const fields = { channel: channel.name, messageId, attempt: message.attempts + 1 };
    if (outcome.kind === 'retry')
      logger.warn({ ...fields, reason: outcome.reason }, 'alert not sent, it will be tried again');
    if (outcome.kind === 'refused') logger.error({ ...fields, reason: outcome.reason }, 'alert refused by its channel');
    try {
      const { kind, state, alerts } = await settleMessage({ pool, ...this.#serving }, message, outcome);
      this.#note(state);
      // By what the channel was before; it hasn't failed as it is now.
      if (kind === 'retry' && sender !== this.#serving.sender) this.#isNew = true;
      if (kind === 'retry') return;
      metrics.settled(channel.name, kind === 'sent' ? 'delivered' : 'failed', alerts);
      if (kind === 'sent') metrics.sentAfter(channel.name, (Date.now() - message.since.getTime()) / 1_000);
    } catch (error) {
      // It stands there as pending, and is sent again under the same id.
      logger.warn({ ...fields, ...errorFields(error) }, 'what became of an alert could not be stored');
    }
  }

  /** Nothing is left that could try the channel: it counts as up until it fails again. */
  async #revive(): Promise<void> {
    const { pool } = this.#options;
    const { channel } = this.#serving;
    await pool.query('UPDATE alert_channel SET failures = 0, blocked_until = NULL WHERE channel = $1', [channel.name]);
    this.wake();
  }

  #note({ failures }: ChannelState): void {
    const { metrics, logger } = this.#options;
    const { channel } = this.#serving;
    const isDown = failures >= failuresUntilDown;
    if (isDown !== this.#isDown) {
      if (isDown) logger.warn({ channel: channel.name }, 'channel of alerts is down; what it is to be told of is kept');
      else logger.info({ channel: channel.name }, 'channel of alerts is back');
    }
    this.#isDown = isDown;
    metrics.isDown(channel.name, isDown);
  }
}
