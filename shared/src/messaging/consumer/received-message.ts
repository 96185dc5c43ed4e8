import type { BusMessage, SqlTransaction } from '../bus-port.ts';
import { nextSpan, readTrace, type TraceContext } from '../trace-context.ts';
import type { OpenedMessage } from './open-message.ts';

/** A message that was found to be genuine, in its place, fresh and allowed. */
export interface GenuineMessage<T = unknown> {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string;
  readonly eventId: string;
  readonly schemaId: string;
  readonly tenant: string;
  /** Who signed it. */
  readonly party: string;
  readonly sealedAt: Date;
  /** When the log took it. */
  readonly loggedAt: Date;
  /** Of an operator's replay: the event that it repeats. */
  readonly replayOf?: string;
  readonly payload: T;
  /** This hop of the trace; hand it to what is sent in consequence. Not authenticated. */
  readonly trace: TraceContext;
}

/** A message that is new, too, on its way to its handler. */
export interface ReceivedMessage<T = unknown> extends GenuineMessage<T> {
  readonly attempt: number;
  /** Aborts when the consumer closes or has lost the partition: stop, and leave the effect undone. */
  readonly signal: AbortSignal;
  /**
   * Puts the event's id and, where the bus keeps it there, the offset into the transaction of the effect. Call it last.
   *
   * @throws when the event was applied before or the partition has a new owner: the transaction must be rolled back
   */
  settleIn(transaction: SqlTransaction): Promise<void>;
}

/** Throws to have the message tried again; see `MessageHandler` of the bus port. */
export type SecureHandler<T = unknown> = (message: ReceivedMessage<T>) => Promise<void>;

export function toGenuineMessage(message: BusMessage, { context, envelope, payload }: OpenedMessage): GenuineMessage {
  const { topic, partition, offset, key, timestamp, headers } = message;
  const { eventId, schemaId, tenant, replayOf } = context;
  const { party, sealedAt } = envelope;
  const loggedAt = timestamp;
  let trace: TraceContext | undefined;
  const genuine = {
    ...{ topic, partition, offset, key, eventId, schemaId, tenant, party, sealedAt, loggedAt, payload },
    // Read where somebody asks for it: most don't.
    get trace(): TraceContext {
      trace ??= nextSpan(readTrace(headers));
      return trace;
    },
  };
  return replayOf === undefined ? genuine : Object.defineProperty(genuine, 'replayOf', shown(replayOf));
}

function shown(value: string): PropertyDescriptor {
  return { value, enumerable: true };
}
