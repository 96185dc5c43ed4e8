import type { ErrorCode } from '../../errors/index.ts';
import type { BusMessage, DeadLetterReason, Delivery, SqlTransaction } from '../bus-port.ts';
import { type MessageAction, type MessageAudit, type MessageMetrics, noAudit } from '../ports/index.ts';
import type { HandlerGuard } from '../resilience/index.ts';
import type { AppliedEvents } from './applied-events.ts';
import { type OpenedMessage, type OpenRules, openMessage, verifiedFields } from './open-message.ts';
import { type GenuineMessage, type ReceivedMessage, type SecureHandler, toGenuineMessage } from './received-message.ts';
import { type Passage, ReplayGuard } from './replay-guard.ts';

export interface TopicReceiverOptions extends Omit<OpenRules, 'staleAfterMs' | 'clockSkewMs'> {
  readonly group: string;
  readonly audit: MessageAudit;
  readonly metrics: MessageMetrics;
  readonly guard: HandlerGuard;
  readonly applied?: AppliedEvents;
  readonly staleAfterMs?: number;
  readonly clockSkewMs?: number;
  readonly rememberedEvents?: number;
  readonly copies?: 'acknowledge' | 'dead-letter';
}

/** The way of a topic's messages to the handler. */
export class TopicReceiver {
  readonly #handler: SecureHandler;
  readonly #options: TopicReceiverOptions;
  readonly #rules: OpenRules;
  readonly #replays: ReplayGuard;
  /** When each message in hand was begun, on a monotonic clock. */
  readonly #inHand = new Map<Delivery, number>();
  #hasMoved = false;
  /** In milliseconds since 1970. */
  #lastDoneAt: number | undefined;

  constructor(handler: SecureHandler, options: TopicReceiverOptions) {
    this.#handler = handler;
    this.#options = options;
    const { staleAfterMs = 300_000, clockSkewMs = 60_000 } = options;
    this.#rules = { ...options, staleAfterMs, clockSkewMs };
    const { group, security, applied, rememberedEvents = 100_000, copies = 'acknowledge' } = options;
    this.#replays = new ReplayGuard({
      group,
      security,
      copies,
      window: { maxEvents: rememberedEvents, horizonMs: staleAfterMs + clockSkewMs },
      ...(applied !== undefined && { store: applied }),
    });
  }

  /** Whether anything was begun or done since this was last asked, or is in hand and not for longer than `longestMs`. */
  hasMoved(longestMs: number): boolean {
    const hasMoved = this.#hasMoved;
    this.#hasMoved = false;
    const since = performance.now() - longestMs;
    return hasMoved || this.#inHand.values().some((begunAt) => begunAt > since);
  }

  get lastDoneAt(): Date | undefined {
    return this.#lastDoneAt === undefined ? undefined : new Date(this.#lastDoneAt);
  }

  /** Handles a delivery, or acknowledges it without effect. @throws {PoisonError} with the reason of a refusal */
  async receive(delivery: Delivery): Promise<void> {
    this.#hasMoved = true;
    this.#inHand.set(delivery, performance.now());
    try {
      const { message, attempt } = delivery;
      const { metrics, audit } = this.#options;
      if (attempt > 1) metrics.retried(message.topic);
      const opened = openMessage(this.#rules, message);
      const isApplied = await this.#replays.pass(opened, message, (passage) => this.#handle(delivery, opened, passage));
      if (!isApplied) metrics.repeated(message.topic);
      if (audit !== noAudit) await this.#record(isApplied ? 'received' : 'repeated', message, opened);
      this.#lastDoneAt = Date.now();
      if (isApplied) {
        const seconds = Math.max(0, this.#lastDoneAt - message.timestamp.getTime()) / 1_000;
        metrics.received(message.topic, message.value.byteLength, seconds);
      }
    } finally {
      this.#inHand.delete(delivery);
      this.#hasMoved = true;
    }
  }

  /**
   * A refusal and a handler's giving up are told apart by whether the message passes now.
   *
   * @returns the message where its handler gave up
   */
  async recordDeadLetter(message: BusMessage, { code }: DeadLetterReason): Promise<GenuineMessage | undefined> {
    this.#hasMoved = true;
    const { metrics } = this.#options;
    metrics.deadLettered(message.topic, code);
    const opened = this.#tryOpen(message);
    const wasRefused = opened === undefined || code === 'message-id-reused' || code === 'message-replayed';
    if (wasRefused) metrics.refused(message.topic, code);
    await this.#record(wasRefused ? 'refused' : 'failed', message, opened, code);
    return wasRefused ? undefined : toGenuineMessage(message, opened);
  }

  #handle(delivery: Delivery, opened: OpenedMessage, passage: Passage): Promise<boolean> {
    const { attempt } = delivery;
    return this.#options.guard.run(attempt, () =>
      passage.finish(this.#handler(this.#toReceived(delivery, opened, passage))),
    );
  }

  #toReceived(delivery: Delivery, opened: OpenedMessage, passage: Passage): ReceivedMessage {
    const { message, attempt, signal } = delivery;
    return Object.assign(toGenuineMessage(message, opened), {
      attempt,
      signal,
      settleIn: async (transaction: SqlTransaction) => {
        await passage.settleIn(transaction);
        await delivery.settleIn(transaction);
      },
    });
  }

  #tryOpen(message: BusMessage): OpenedMessage | undefined {
    try {
      return openMessage(this.#rules, message);
    } catch {
      return undefined;
    }
  }

  async #record(action: MessageAction, message: BusMessage, opened?: OpenedMessage, code?: ErrorCode): Promise<void> {
    const { audit, group } = this.#options;
    if (audit === noAudit) return;
    const { topic, partition, offset } = message;
    await audit.record({
      ...{ action, at: new Date(), topic, group, partition, offset },
      ...(code !== undefined && { code }),
      ...(opened !== undefined && verifiedFields(opened)),
    });
  }
}
