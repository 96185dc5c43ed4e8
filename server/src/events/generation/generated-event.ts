import type { Event, EventType } from '@sdp/shared/contracts';

/** What is generated, by the events' own time. */
export interface GenerationOptions {
  readonly types: readonly EventType[];
  readonly fromMs: number;
  readonly toMs: number;
  /** Of all types together, beside what is injected. */
  readonly eventsPerSecond: number;
  readonly seed: number;
  /** Asked for; as many are injected as can be told apart in the time. */
  readonly anomalies: number;
}

/** An event without the id, which it gets by its place. */
export type Draft = Event extends infer E ? (E extends Event ? Omit<E, 'event_id' | 'at'> : never) : never;

export interface PlannedEvent {
  readonly atMs: number;
  readonly draft: Draft;
  /** Of which injections it is part; none of a decoy. */
  readonly injections: readonly Injection[];
}

/** Ids of the rules that the product is shipped with. */
export const builtInRules = [
  'log-failed',
  'log-user-errors',
  'log-error-burst',
  'metric-cpu-high',
  'metric-latency-high',
  'metric-cpu-and-latency',
  'transaction-large',
  'transaction-user-burst',
] as const;
export type BuiltInRule = (typeof builtInRules)[number];

/** An anomaly that a rule must find. */
export interface Injection {
  readonly rule: BuiltInRule;
  readonly type: EventType;
  /** What the rule groups by; empty where it looks at all of a client's. */
  readonly group: Readonly<Record<string, string>>;
  readonly fromMs: number;
  readonly toMs: number;
}

/** A line of the file of truth. */
export interface Truth {
  readonly kind: 'anomaly';
  readonly rule: BuiltInRule;
  readonly type: EventType;
  readonly group: Readonly<Record<string, string>>;
  /** Time of its first and its last event. */
  readonly from: string;
  readonly to: string;
  readonly event_ids: readonly string[];
}
