import { z } from 'zod';
import { wholeNumber } from './environment.ts';

/** Environment variables of events. */
export const eventVariables = {
  /** Events a minute for each API key. */
  SDP_EVENTS_RATE_PER_MINUTE: wholeNumber(3_000_000, 1, 1_000_000_000),
  /** Requests with events that one API process reads at once. */
  SDP_EVENTS_MAX_REQUESTS: wholeNumber(100, 1, 10_000),
  /** Messages with events (each of at most 256, or 128 KiB) that may wait to be stored before no more are taken. */
  SDP_EVENTS_MAX_BACKLOG: wholeNumber(10_000, 1, 10_000_000),
  /** An event that comes again has no effect for so long, at 36 bytes of memory for each event in each worker that stores or analyses. */
  SDP_EVENTS_REPEAT_MINUTES: wholeNumber(60, 1, 1_440),
  /** Recent events can be read for so long. */
  SDP_EVENTS_RETENTION_DAYS: wholeNumber(2, 1, 3_650),
  /** Counts of events can be read for so long. */
  SDP_EVENT_COUNTS_RETENTION_DAYS: wholeNumber(30, 1, 3_650),
  /** Live streams of events that one API process serves at once. */
  SDP_EVENTS_MAX_STREAMS: wholeNumber(100, 1, 10_000),
} as const;

export interface EventSettings {
  readonly ratePerMinute: number;
  readonly maxRequests: number;
  readonly maxBacklog: number;
  readonly repeatMs: number;
  readonly retentionDays: number;
  readonly countsRetentionDays: number;
  readonly maxStreams: number;
}

const schema = z.object(eventVariables);

export function eventSettings(variables: z.output<typeof schema>): EventSettings {
  return {
    ratePerMinute: variables.SDP_EVENTS_RATE_PER_MINUTE,
    maxRequests: variables.SDP_EVENTS_MAX_REQUESTS,
    maxBacklog: variables.SDP_EVENTS_MAX_BACKLOG,
    repeatMs: variables.SDP_EVENTS_REPEAT_MINUTES * 60_000,
    retentionDays: variables.SDP_EVENTS_RETENTION_DAYS,
    countsRetentionDays: variables.SDP_EVENT_COUNTS_RETENTION_DAYS,
    maxStreams: variables.SDP_EVENTS_MAX_STREAMS,
  };
}
