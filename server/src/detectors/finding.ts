/** How bad it is, from the mildest to the worst. */
export const findingLevels = ['INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;
export type FindingLevel = (typeof findingLevels)[number];

/** What may stand in an explanation: JSON. */
export type ExplanationValue =
  | string
  | number
  | boolean
  | null
  | readonly ExplanationValue[]
  | { readonly [key: string]: ExplanationValue };

/** Rule and numbers, or features, or the template that made a finding. */
export type Explanation = Readonly<Record<string, ExplanationValue>>;

/** Event ids that a finding names; the rest are counted. */
export const evidenceEventIds = 20;

/**
 * The events that a finding rests on, for whoever wants to look at them: all stand in one partition of the topic that the
 * detector reads.
 */
export interface Evidence {
  readonly topic: string;
  readonly partition: number;
  readonly firstOffset: bigint;
  readonly lastOffset: bigint;
  /** The latest {@link evidenceEventIds} of them at most. */
  readonly eventIds: readonly string[];
  /** How many events there are, named or not. */
  readonly count: number;
}

/**
 * What a detector found. It is free of raw values: no text of a message and no value, but numbers, and the names of fields,
 * hosts, services and tokens.
 */
export interface Finding {
  /** `rule:<id>`, `forest`, `series` or `templates`. */
  readonly detector: string;
  readonly detectorVersion: string;
  readonly clientId: string;
  /** Of the event that completed it. */
  readonly at: Date;
  /** The rule's id, or the kind of anomaly. */
  readonly alertType: string;
  readonly level: FindingLevel;
  readonly title: string;
  readonly message: string;
  readonly userId?: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly metrics: Readonly<Record<string, number>>;
  readonly explanation: Explanation;
  readonly evidence: Evidence;
  /** The same when the same events are handled again: of several findings with one key, one is stored. Within the client. */
  readonly dedupeKey: string;
  /** What findings that belong together share: the rule and its group, the series, the template. Within the client. */
  readonly groupKey: string;
}
