import type { BusMessage, BusPort, Consumer, DeadLetterReason, OutgoingMessage, SqlTransaction } from './bus-port.ts';

/**
 * What a stage has in hand at once: all that was waiting in the partitions it owns, up to the bounds. It may come before the
 * messages are in the log, where the stage that sends them is of the same process: what follows from them is stored with or
 * after them, and if they can't be stored it is as if they never were ({@link StageOptions.onRevoked}).
 */
export interface StageBatch {
  /** In order within each partition. */
  readonly messages: readonly BusMessage[];
  /** Aborts when the stage closes or has lost a partition: nothing of the batch will be stored. */
  readonly signal: AbortSignal;
}

export interface StageOutput {
  readonly topic: string;
  readonly messages: readonly OutgoingMessage[];
}

/** An effect that is one SQL statement: a bus in the database makes it part of its own. */
export interface StageStatement {
  /**
   * Common table expressions that do nothing where `condition` is false. The text is always the same for the same arguments.
   *
   * @param first number of the first parameter
   */
  readonly ctes: (first: number, condition: string) => string;
  readonly values: readonly unknown[];
}

/** What becomes of a batch. Outputs, dead letters, what `write` writes and the offsets are stored together or not at all. */
export interface StageResult {
  readonly outputs?: readonly StageOutput[];
  readonly deadLetters?: readonly { readonly message: BusMessage; readonly reason: DeadLetterReason }[];
  /**
   * Writes the batch's effect. On a bus in the database this is the transaction of the offsets; elsewhere it is one of
   * its own that commits before them, so an effect needs its dedupe key all the same.
   */
  readonly write?: (transaction: SqlTransaction) => Promise<void>;
  /** The same effect as `write`, for a bus that can take it: one round trip to the database instead of four. */
  readonly statement?: StageStatement;
}

/** A partition that a stage has been given and has not begun to work on. */
export interface AssignedPartition {
  readonly topic: string;
  readonly partition: number;
  /** The first message that is not settled: state is to be what it was after the one before. */
  readonly nextOffset: bigint;
  /**
   * The settled messages at and after `from` that the log still has, in order, up to `nextOffset`.
   *
   * @throws {UnavailableError} `bus-unavailable`
   */
  read(from: bigint): AsyncIterable<readonly BusMessage[]>;
}

export interface StageOptions {
  readonly topic: string;
  /** Members of one group share the partitions. */
  readonly group: string;
  /**
   * Called for one batch at a time. What it throws has the whole batch tried again, with growing delay and without end; a
   * message that can't be handled goes into {@link StageResult.deadLetters} instead.
   */
  readonly handler: (batch: StageBatch) => Promise<StageResult>;
  /**
   * Called before the first message of a partition, to rebuild state. Also called anew, after {@link onRevoked}, when a
   * batch was handled and could not be stored. What it throws has it tried again.
   */
  readonly onAssigned?: (partition: AssignedPartition) => Promise<void>;
  /** State of the partition is no longer right here. */
  readonly onRevoked?: (partition: number) => void;
  /**
   * The partition may go to another member, and nothing of it is in hand: state that is stored now is what that one goes on from.
   * Waited for up to two seconds. Not called where a partition is lost.
   */
  readonly onHandOver?: (partition: number) => Promise<void>;
  /** A batch is stored: the group now stands at `nextOffset`. */
  readonly onSettled?: (partition: number, nextOffset: bigint) => void;
  /** 500 where left out. */
  readonly maxBatchMessages?: number;
  /** Bound on bytes of values read ahead; 16 MiB where left out. */
  readonly maxBufferedBytes?: number;
  /** Where a group without offsets starts; `earliest` where left out. */
  readonly from?: 'earliest' | 'latest';
  /** Asked after each batch: for how long none is to begin, so that the next one is larger. Partitions can be given back meanwhile. */
  readonly restMs?: () => number;
  /** Runs what a result's `write` does where the bus is not in the database. */
  readonly inTransaction?: (work: (transaction: SqlTransaction) => Promise<void>) => Promise<void>;
}

/** A {@link BusPort} with batches for stages that take from one topic and put into others, fast. */
export interface StageBus extends BusPort {
  /** Consumes a topic in batches. Batches form by themselves under load; nobody waits for one to fill. */
  runStage(options: StageOptions): Promise<Consumer>;
  /**
   * Shows every message of a topic from now on to `onMessages`, once per call, in order within each partition, without a
   * group and without offsets: after an interruption it goes on where it was as long as the process lives.
   */
  tail(topic: string, onMessages: (messages: readonly BusMessage[]) => void): Promise<Consumer>;
}
