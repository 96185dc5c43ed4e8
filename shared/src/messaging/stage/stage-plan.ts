import type { ErrorCode } from '../../errors/index.ts';
import type { RetryPolicy, SqlTransaction } from '../bus-port.ts';
import type { GenuineMessage } from '../consumer/index.ts';
import type { PayloadContract } from '../contracts/index.ts';
import type { Sending } from '../producer/index.ts';
import type { StageOptions, StageStatement } from '../stage-port.ts';

/** A message that was found to be genuine, in its place, fresh, allowed and, as far as the stage remembers, new. */
export interface StageMessage<T = unknown> extends GenuineMessage<T> {
  /** Only where the plan has repeats delivered. */
  readonly isRepeat: boolean;
}

/** An event that follows from one that was handled. Its id is made from that one's, so that handling it again sends the same event. */
export interface StageSending<T = unknown> extends Sending<T> {
  readonly eventId: string;
  readonly tenant: string;
}

/** What becomes of messages that were handled: stored together with their being settled, or not at all. */
export interface StageWork {
  readonly outputs?: readonly { readonly topic: string; readonly sendings: readonly StageSending[] }[];
  /** Messages that no retry can help: they go to the dead letters. */
  readonly failed?: readonly { readonly message: StageMessage; readonly code: ErrorCode }[];
  /** See `write` of `StageResult`. */
  readonly write?: (transaction: SqlTransaction) => Promise<void>;
  /** See `statement` of `StageResult`. */
  readonly statement?: StageStatement;
}

export interface StagePlan<T = unknown>
  extends Pick<StageOptions, 'topic' | 'maxBatchMessages' | 'maxBufferedBytes' | 'from' | 'inTransaction'> {
  /** What its messages may be; of each the newest version that this reader knows. */
  readonly contracts: readonly PayloadContract[];
  /**
   * Handles a batch, in order within each key. What it throws with `retryable` set (the database is away) has the whole batch
   * tried again, without end. Anything else it throws is some message's fault: the batch is handled in parts until that
   * message is alone; it is tried as often as `retry` says and goes to the dead letters, while those of other keys are handled.
   *
   * So a message may come more than once before its work is stored: handling it again must not count it twice.
   */
  handle(messages: readonly StageMessage<T>[], signal: AbortSignal): Promise<StageWork>;
  /**
   * Called before a partition's first message, to rebuild its state as of `nextOffset`. `read` gives the settled messages at
   * and after an offset that the log still has, in order; repeats and messages whose handling failed are among them, refused
   * ones are not. What it throws has it called again.
   */
  restore?(
    partition: number,
    nextOffset: bigint,
    read: (from: bigint) => AsyncIterable<readonly StageMessage<T>[]>,
  ): Promise<void>;
  /** What came before `nextOffset` is stored for good; what was handled beyond may yet turn out never to have been. */
  settled?(partition: number, nextOffset: bigint): void;
  /** State of the partition is no longer right here. */
  drop?(partition: number): void;
  /** The partition may go to another worker, and all that was handled is settled: a moment to store its state. */
  handOver?(partition: number): Promise<void>;
  /**
   * `acknowledge`, where left out: an event that was handled before has no effect. `deliver`: it is handed over and marked,
   * for a stage that tells by itself. Other content under a used id is refused either way.
   */
  readonly repeats?: 'acknowledge' | 'deliver';
  /** For a message whose handling fails; 3 attempts, 10 to 100 ms apart, where left out. */
  readonly retry?: RetryPolicy;
}
