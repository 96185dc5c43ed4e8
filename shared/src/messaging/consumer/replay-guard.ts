import type { BusMessage, SqlTransaction } from '../bus-port.ts';
import { PoisonError } from '../poison-error.ts';
import type { SecurityManager } from '../security-manager.ts';
import type { AppliedEvent, AppliedEvents } from './applied-events.ts';
import { assertSameContent, type EventIdentity, identityOf, isSamePlace } from './event-identity.ts';
import type { OpenedMessage } from './open-message.ts';
import { ReplayWindow, type ReplayWindowOptions, type SeenEvent } from './replay-window.ts';

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
  readonly #underWay = new Map<string, Way>();

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
    const identity = identityOf(this.#options.security.keys, opened);
    const { ids } = identity;
    // All at once or none, so that two can't wait for one another.
    for (let busy = this.#busy(ids); busy !== undefined; busy = this.#busy(ids)) await busy.done();
    const way = new Way();
    for (const id of ids) this.#underWay.set(id, way);
    try {
      const wasApplied = this.#wasApplied(identity, message);
      if (wasApplied === true || (wasApplied !== false && (await wasApplied))) {
        // Sealed anew it may be copied for longer.
        this.#remember(identity, opened.envelope.sealedAt, message);
        return false;
      }
      return await handle(this.#passage(identity, opened.envelope.sealedAt, message));
    } finally {
      for (const id of ids) this.#underWay.delete(id);
      way.end();
    }
  }

  #busy(ids: readonly string[]): Way | undefined {
    for (const id of ids) {
      const busy = this.#underWay.get(id);
      if (busy !== undefined) return busy;
    }
    return undefined;
  }

  /** @returns at once where nobody has to be asked */
  #wasApplied(identity: EventIdentity, message: BusMessage): boolean | Promise<boolean> {
    for (const [i, id] of identity.ids.entries()) {
      const seen = this.#window.find(id);
      if (seen !== undefined) return this.#isRepeat(seen, identity, message);
      if (this.#options.store !== undefined) return this.#wasStored(identity, i, message);
    }
    return false;
  }

  /** From the id on that the window doesn't know. */
  async #wasStored(identity: EventIdentity, from: number, message: BusMessage): Promise<boolean> {
    const { group, store } = this.#options;
    for (const id of identity.ids.slice(from)) {
      const seen = this.#window.find(id);
      if (seen !== undefined) return this.#isRepeat(seen, identity, message);
      const digest = await store?.find(group, message.topic, id);
      if (digest === undefined) continue;
      assertSameContent({ digest }, identity);
      return true;
    }
    return false;
  }

  #isRepeat(seen: SeenEvent, identity: EventIdentity, message: BusMessage): true {
    assertSameContent(seen, identity);
    if (this.#options.copies === 'dead-letter' && !isSamePlace(seen, message)) {
      throw new PoisonError('message-replayed');
    }
    return true;
  }

  #remember({ ids, digest }: EventIdentity, sealedAt: Date, { partition, offset, timestamp }: BusMessage): void {
    for (const id of ids) {
      this.#window.remember(id, { digest, partition, offset }, sealedAt.getTime(), timestamp.getTime());
    }
  }

  #passage(identity: EventIdentity, sealedAt: Date, message: BusMessage): Passage {
    const { ids, digest } = identity;
    const { group, store } = this.#options;
    const { topic } = message;
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
          await this.#wasApplied(identity, message);
          return false;
        }
        if (!isRecorded) await store?.record(events);
        this.#remember(identity, sealedAt, message);
        return true;
      },
    };
  }
}

/** An event on its way; a promise is made only where somebody waits. */
class Way {
  #ended: PromiseWithResolvers<void> | undefined;

  done(): Promise<void> {
    this.#ended ??= Promise.withResolvers<void>();
    return this.#ended.promise;
  }

  end(): void {
    this.#ended?.resolve();
  }
}
