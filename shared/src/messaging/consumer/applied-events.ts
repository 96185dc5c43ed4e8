import type { SqlTransaction } from '../bus-port.ts';

/** An event whose effect a group has. */
export interface AppliedEvent {
  readonly group: string;
  readonly topic: string;
  /** The tenant, a space and the event's id. */
  readonly eventId: string;
  /** Keyed digest of its content: tells a repeated event from a reused id. */
  readonly digest: string;
  readonly sealedAt: Date;
}

/**
 * Where applied events are remembered beyond a process's memory. Without one, a crash between effect and offset, or another
 * consumer's taking over, repeats events, and the handler's own dedupe key has to notice.
 */
export interface AppliedEvents {
  /** The digest of an event that the group has applied. */
  find(group: string, topic: string, eventId: string): Promise<string | undefined>;
  /**
   * Records the events in the transaction of their effect.
   *
   * @returns whether none of them was there; else the transaction must be rolled back
   */
  recordIn(transaction: SqlTransaction, events: readonly AppliedEvent[]): Promise<boolean>;
  /** Records events whose effect lies elsewhere; those that are there stay as they are. */
  record(events: readonly AppliedEvent[]): Promise<void>;
}
