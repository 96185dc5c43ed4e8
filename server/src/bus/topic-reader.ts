import type { BusMessage } from '@sdp/shared/messaging';

/** Offsets that a partition has: from `first` up to but not including `end`. */
export interface PartitionRange {
  readonly partition: number;
  readonly first: bigint;
  readonly end: bigint;
}

/** Reads topics as they stand, without a group and without moving anybody's offsets; for operators' commands. */
export interface TopicReader {
  /** Names of all topics that are there. @throws {UnavailableError} `bus-unavailable` */
  topics(): Promise<readonly string[]>;
  ranges(topic: string): Promise<readonly PartitionRange[]>;
  /** Messages from offset `from` up to but not including `to`, in order, those that the log still has. */
  read(topic: string, partition: number, from: bigint, to: bigint): AsyncIterable<readonly BusMessage[]>;
  close(): Promise<void>;
}
