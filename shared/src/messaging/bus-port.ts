import type { ErrorCode } from '../errors/index.ts';

/** What is handed to {@link BusPort.publish}. Messages with one key keep their order. */
export interface OutgoingMessage {
  readonly key: string;
  readonly value: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A message as it stands in the log. */
export interface BusMessage {
  readonly topic: string;
  readonly partition: number;
  /** Position in the partition, contiguous from 0 as far as the log goes back. */
  readonly offset: bigint;
  readonly key: string;
  readonly value: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** When the log took it. */
  readonly timestamp: Date;
  /** The value is the very object that this process has published, handed on without leaving its memory. */
  readonly isOwn?: boolean;
}

/** The part of a database transaction that a bus needs to store its offset in it, and a stage to write its effect. */
export interface SqlTransaction {
  query(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ readonly rowCount: number | null; readonly rows: readonly Readonly<Record<string, unknown>>[] }>;
}

/** One attempt at one message. */
export interface Delivery {
  readonly message: BusMessage;
  /** 1 for the first attempt of this process; starts over after a crash. */
  readonly attempt: number;
  /** Aborts when the consumer closes or has lost the partition: stop, and leave the effect undone. */
  readonly signal: AbortSignal;
  /**
   * Puts the message's offset into the transaction in which the handler writes its effect, so that both happen or
   * neither does. A bus that keeps its offsets elsewhere does nothing here and commits after the handler; so a handler
   * needs its dedupe key all the same.
   *
   * @throws {UnavailableError} when the partition has a new owner; the transaction must be rolled back
   */
  settleIn(transaction: SqlTransaction): Promise<void>;
}

/**
 * Throws to have the message retried; {@link PoisonError} (or exhausted retries) sends it to the dead letters. An error
 * whose `retryable` is true speaks of the surroundings (the database is away), not of the message: it uses up no attempt.
 */
export type MessageHandler = (delivery: Delivery) => Promise<void>;

export interface RetryPolicy {
  /** Attempts before the message goes to `<topic>.dlq`. */
  readonly maxAttempts: number;
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
}

export interface ConsumeOptions {
  readonly topic: string;
  /** Members of one group share the partitions; each group sees every message. */
  readonly group: string;
  readonly handler: MessageHandler;
  readonly retry?: RetryPolicy;
  /** Called once the message stands in the dead letters, before its offset is committed; may be called again after a crash. */
  readonly onDeadLetter?: (message: BusMessage, reason: DeadLetterReason) => Promise<void>;
  /** Where a group without offsets starts. */
  readonly from?: 'earliest' | 'latest';
  /** Bound on bytes read ahead of the handler. */
  readonly maxBufferedBytes?: number;
  /**
   * Messages of a partition that are handled at once, never two of one key; 1 where left out. While a message is being
   * retried, those of other keys go on, up to 32 times as many as are handled at once. The offset stored is always that of
   * the first message not yet done: after a crash those behind it come again, also the ones that were done.
   */
  readonly keysInParallel?: number;
}

export interface DeadLetterReason {
  readonly code: ErrorCode;
  readonly attempts: number;
}

export interface Consumer {
  /** Stops taking messages, waits for the one in hand up to `deadlineMs`, then aborts it, and gives its partitions back. */
  close(deadlineMs?: number): Promise<void>;
}

export interface TopicLag {
  readonly partition: number;
  /** Messages that the group has not settled. */
  readonly lag: bigint;
  /** The offset that the next message will have. */
  readonly end: bigint;
  /** The first offset that the group has not settled; undefined for a group that never took any. */
  readonly settled: bigint | undefined;
}

/**
 * A partitioned, replayable log. Two implementations pass one test suite (`server/test/bus/`): Apache Kafka, and a log
 * in PostgreSQL. Delivery is at least once, in order per key.
 */
export interface BusPort {
  /** Creates the topic (and `<topic>.dlq`) if it isn't there. */
  ensureTopic(topic: string, partitions: number): Promise<void>;
  /** Resolves once all messages are durable. */
  publish(topic: string, messages: readonly OutgoingMessage[]): Promise<void>;
  consume(options: ConsumeOptions): Promise<Consumer>;
  /** Moves a group, which must have no live member, to the first message at or after `time`. */
  replayFrom(topic: string, group: string, time: Date): Promise<void>;
  lag(topic: string, group: string): Promise<readonly TopicLag[]>;
  /** Resolves if the bus answers. @throws {UnavailableError} */
  check(): Promise<void>;
  close(): Promise<void>;
}
