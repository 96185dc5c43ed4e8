import type { AnomalyLevel } from '@sdp/shared/contracts';

/** Where the events stand that made a finding. */
export interface FindingEvidence {
  readonly topic: string;
  readonly partition: number;
  readonly firstOffset: bigint;
  readonly lastOffset: bigint;
  /** Some of them, twenty at most. */
  readonly eventIds: readonly string[];
  /** Of all events. */
  readonly count: number;
}

/** What a detector found, as it is stored. Free of raw values: what stands here is kept, shown and sent out. */
export interface AnomalyFinding {
  /** E.g. `rule:error-burst`, `forest`. */
  readonly detector: string;
  readonly detectorVersion: string;
  readonly clientId: string;
  /** Of the event that completed it. */
  readonly at: Date;
  readonly alertType: string;
  readonly level: AnomalyLevel;
  /** Whether people are to be told; where left out, of every level but INFO. */
  readonly isAlert?: boolean | undefined;
  readonly title: string;
  readonly message: string;
  readonly userId?: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, number>>;
  readonly explanation: object;
  readonly evidence: FindingEvidence;
  /** Findings of one key are one anomaly until that is resolved. */
  readonly dedupeKey: string;
  readonly groupKey: string;
}
