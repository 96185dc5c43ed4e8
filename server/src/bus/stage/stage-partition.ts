import type { BusMessage, StageResult } from '@sdp/shared/messaging';

/** One partition while a stage has it: what a bus implements, and {@link StageLoop} drives. */
export interface StagePartition {
  readonly topic: string;
  readonly partition: number;
  /**
   * Forgets what was read ahead and goes on where the group stands by the word of the bus, for what was stored last may be
   * unknown here.
   *
   * @returns the first offset that is not settled, or undefined when the partition isn't ours any more
   */
  open(): Promise<bigint | undefined>;
  /** The messages from `from` up to `to` that the log still has, in order. */
  read(from: bigint, to: bigint): AsyncIterable<readonly BusMessage[]>;
  /** What is at hand, without waiting: at most so much, but one message if there is any. */
  take(room: Room): Taken | undefined;
}

export interface Room {
  readonly messages: number;
  readonly bytes: number;
}

export interface Taken {
  readonly messages: readonly BusMessage[];
  /** Where the group stands once they are settled. */
  readonly nextOffset: bigint;
}

/** How far a batch takes one partition. */
export interface Step<P extends StagePartition> {
  readonly partition: P;
  /** Where the group stood before. */
  readonly from: bigint;
  readonly to: bigint;
}

/**
 * Stores what came of a batch. Throws when nothing was stored or nobody knows; then all partitions of the batch are opened
 * anew.
 */
export type StoreBatch<P extends StagePartition> = (result: StageResult, steps: readonly Step<P>[]) => Promise<void>;
