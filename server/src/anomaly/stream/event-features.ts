import type { StateReader, StateWriter, StreamEvent } from '../../detectors/index.ts';

/** A number that an event is judged by. Several with one name are one to people. */
export interface EventFeature {
  readonly name: string;
  /** It repeats day by day: of use only to a forest that has seen a whole day. */
  readonly isDaily?: boolean;
}

/** Makes numbers of events, and remembers what it needs of those before. */
export interface EventFeatures {
  readonly features: readonly EventFeature[];
  /** Writes an event's numbers, as many as there are features, NaN for those that it doesn't have; then learns from it. */
  take(event: StreamEvent, into: Float32Array, from: number): void;
  write(writer: StateWriter): void;
  /** @throws {IntegrityError} `record-tampered` */
  read(reader: StateReader): void;
}

const dayMs = 86_400_000;
const hourMs = 3_600_000;

/** A clock that runs ahead would make everything after it late. */
export function timeOf(event: StreamEvent): number {
  return Math.min(event.atMs, event.receivedAtMs);
}

/** In UTC. */
export function hourOfDay(atMs: number): number {
  return (((atMs % dayMs) + dayMs) % dayMs) / hourMs;
}
