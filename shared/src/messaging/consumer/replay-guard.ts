import { lengthPrefixed } from '../../crypto/index.ts';
import type { BusMessage, SqlTransaction } from '../bus-port.ts';
import { PoisonError } from '../poison-error.ts';
import type { SecurityManager } from '../security-manager.ts';
import type { AppliedEvent, AppliedEvents } from './applied-events.ts';
import type { OpenedMessage } from './open-message.ts';
import { ReplayWindow, type ReplayWindowOptions } from './replay-window.ts';

export interface ReplayGuardOptions {
  readonly group: string;
  readonly security: SecurityManager;
  readonly window: ReplayWindowOptions;
  readonly store?: AppliedEvents;
  /** What becomes of a copy at another place of the log: it has no effect either way. */
  readonly copies: 'acknowledge' | 'dead-letter';
}

/** One message's way past the guard. */
export interface Passage {
  /** Records the event with its effect; throws if it has been applied before. */
  settleIn(transaction: SqlTransaction): Promise<void>;
  /** The handler is through, or has failed on {@link settleIn}. @returns whether the effect is this message's */
  finish(handled: Promise<void>): Promise<boolean>;
}

/**
 * Lets each event through to its effect once. An operator's replay counts as the event that it names: replayed twice, or after
 * the event was applied after all, it has no effect.
 */
export class ReplayGuard {
  readonly #options: ReplayGuardOptions;
  readonly #window: ReplayWindow;
  /** Events on their way: a copy elsewhere in the log waits for what becomes of the first. */
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(options: ReplayGuardOptions) {
    this.#options = options;
    this.#window = new ReplayWindow(options.window);
  }

  get overflows(): number {
    return this.#window.overflows;
  }

  /**
   * Calls `handle` unless the event was applied before.
   *
   * @param handle resolves to whether the effect is this message's; see {@link Passage.finish}
   * @returns the same; false for an event that was applied before, with the same content
   * @throws {PoisonError} `message-id-reused` for other content; `message-replayed` for a copy, where copies are dead letters
   */
  async pass(
    opened: OpenedMessage,
    message: BusMessage,
    handle: (passage: Passage) => Promise<boolean>,
  ): Promise<boolean> {
    const { context, envelope } = opened;
    const { security } = this.#options;
    const { key, schemaId, tenant, eventId, replayOf } = context;
    const digest = security.keys.contentDigest(lengthPrefixed(key, schemaId, tenant, envelope.plaintext));
    // Of the tenant's own: nobody can use up another tenant's ids. Neither part holds a space.
    const ids = [eventId, ...(replayOf === undefined ? [] : [replayOf])].map((id) => `${tenant} ${id}`);
    return this.#alone(ids, async () => {
      for (const id of ids) {
        if (await this.#wasApplied(id, digest, message)) return false;
      }
      return handle(this.#passage(ids, digest, envelope.sealedAt, message));
    });
  }

  async #alone<T>(ids: readonly string[], work: () => Promise<T>): Promise<T> {
    // All at once or none, so that two can't wait for one another.
    for (let busy = this.#busy(ids); busy !== undefined; busy = this.#busy(ids)) await busy;
    const { promise, resolve } = Promise.withResolvers<void>();
    for (const id of ids) this.#underWay.set(id, promise);
    try {
      return await work();
    } finally {
      for (const id of ids) this.#underWay.delete(id);
      resolve();
    }
  }

  #busy(ids: readonly string[]): Promise<void> | undefined {
    for (const id of ids) {
      const busy = this.#underWay.get(id);
      if (busy !== undefined) return busy;
    }
    return undefined;
  }

  async #wasApplied(eventId: string, digest: string, message: BusMessage): Promise<boolean> {
    const { group, store, copies } = this.#options;
    const seen = this.#window.find(eventId);
    const known = seen?.digest ?? (await store?.find(group, message.topic, eventId));
    if (known === undefined) return false;
    if (known !== digest) throw new PoisonError('message-id-reused');
    const isRedelivery = seen === undefined || (seen.partition === message.partition && seen.offset === message.offset);
    if (copies === 'dead-letter' && !isRedelivery) throw new PoisonError('message-replayed');
    return true;
  }

  #passage(ids: readonly string[], digest: string, sealedAt: Date, message: BusMessage): Passage {
    const { group, store } = this.#options;
    const { topic, partition, offset, timestamp } = message;
    const events = ids.map((eventId): AppliedEvent => ({ group, topic, eventId, digest, sealedAt }));
    let isRecorded = false;
    let wasApplied = false;
    return {
      settleIn: async (transaction) => {
        if (store === undefined) return;
        wasApplied = !(await store.recordIn(transaction, events));
        if (wasApplied) throw new Error('the event was applied before');
        isRecorded = true;
      },
      finish: async (handled) => {
        try {
          await handled;
        } catch (error) {
          if (!wasApplied) throw error;
        }
        if (wasApplied) {
          for (const id of ids) await this.#wasApplied(id, digest, message);
          return false;
        }
        if (!isRecorded) await store?.record(events);
        for (const id of ids) {
          this.#window.remember(id, { digest, partition, offset }, sealedAt.getTime(), timestamp.getTime());
        }
        return true;
      },
    };
  }
}
