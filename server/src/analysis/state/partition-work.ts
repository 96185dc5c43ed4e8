import type { StageSending } from '@sdp/shared/messaging';
import type { Finding } from '../../detectors/index.ts';
import type { WorkCounts } from './work-counts.ts';

/** What follows from a message. */
export interface Taken {
  readonly findings: readonly Finding[];
  readonly sendings: readonly StageSending[];
  readonly counts: WorkCounts;
}

/** What is remembered of one partition, and what follows from its messages. It depends on them and their order alone. */
export interface PartitionWork<M> {
  take(message: M): Taken;
  /** All that the API took before that time has been shown. */
  advance(clockMs: number): readonly Finding[];
  /** Whether anything waits for time to pass. */
  readonly isWaiting: boolean;
  /** Groups and events that are kept. */
  readonly groups: number;
  readonly kept: number;
  /** The whole state, by the names of its parts. */
  snapshot(): ReadonlyMap<string, Uint8Array>;
}

/** How the work on a partition begins, and goes on. */
export interface PartitionKind<M> {
  /** In logs and metrics, and in the place of snapshots. */
  readonly stage: string;
  create(partition: number): PartitionWork<M>;
  /** A part that is of another version is begun anew. @throws {IntegrityError} `record-tampered` */
  restore(partition: number, parts: ReadonlyMap<string, Uint8Array>): PartitionWork<M>;
  /** When the API took what the message brings, in milliseconds since 1970. */
  receivedAtMs(message: M): number;
  /** Older messages than so much before the newest matter no more. */
  memoryMs(): number;
}
