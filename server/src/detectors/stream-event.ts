/** Kinds of events, each on a topic of its own. */
export const streamEventTypes = ['log', 'metric', 'transaction'] as const;
export type StreamEventType = (typeof streamEventTypes)[number];

/** Where an event stands in the log. */
export interface EventPlace {
  readonly topic: string;
  readonly partition: number;
  /** Of the message that brought it. */
  readonly offset: bigint;
  /** Among the events of that message, from 0. */
  readonly index: number;
}

/** An event as detectors see it: checked, of a known client, and not a repeat of one that was seen before. */
export interface StreamEvent {
  readonly clientId: string;
  /** The sender's own; unique within the client. */
  readonly eventId: string;
  readonly type: StreamEventType;
  /** When it happened, by the sender's clock; milliseconds since 1970. */
  readonly atMs: number;
  /** When the server took it, by the server's clock; milliseconds since 1970. */
  readonly receivedAtMs: number;
  readonly userId?: string;
  readonly host?: string;
  /** The service that sent it. */
  readonly source?: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Of a log line: TRACE, DEBUG, INFO, WARN, ERROR or FATAL. */
  readonly level?: string;
  /** Of a log line. */
  readonly message?: string;
  /** Of a log line. */
  readonly attributes?: Readonly<Record<string, string | number | boolean | null>>;
  /** Of a sample of metrics: values by name. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** Of a transaction, as the fields that follow. */
  readonly amount?: number;
  readonly currency?: string;
  readonly merchant?: string;
  readonly category?: string;
  readonly channel?: string;
  readonly country?: string;
  readonly place: EventPlace;
}
