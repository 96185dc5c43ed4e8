import type { Finding } from './finding.ts';
import type { StreamEvent, StreamEventType } from './stream-event.ts';

/** The state of a detector belongs to one partition of a topic. Events of several clients may stand in it. */
export interface DetectorScope {
  readonly topic: string;
  readonly partition: number;
}

/**
 * Watches the events of one partition in the order in which they stand there. What it finds and keeps depends on the events and
 * their order alone, not on the clock, on chance or on how they are divided into calls: after a crash the same events are
 * shown to it again, and give the same findings with the same `dedupeKey`s. Its memory is bounded. Each event is shown once,
 * unless the state was restored to before it.
 */
export interface StreamDetector {
  observe(events: readonly StreamEvent[]): readonly Finding[];
  /** The whole state. Taken between two calls of `observe`. */
  snapshot(): Uint8Array;
}

/** Makes a kind of detector. */
export interface StreamDetectorFactory {
  /** In metrics: a word of lower-case letters. */
  readonly name: string;
  /**
   * Of the format of snapshots and of all settings that the state depends on: of a snapshot that another version wrote nothing
   * is restored, and the detector learns anew from the next event on.
   */
  readonly version: string;
  /** Events that it is to be shown. */
  readonly types: readonly StreamEventType[];
  create(scope: DetectorScope): StreamDetector;
  /** @throws {IntegrityError} `record-tampered` when the bytes are no snapshot of this version */
  restore(scope: DetectorScope, bytes: Uint8Array): StreamDetector;
}
