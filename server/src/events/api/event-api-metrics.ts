import { type EventType, eventTypes } from '@sdp/shared/contracts';
import type { ErrorCode } from '@sdp/shared/errors';
import { Counter, Gauge, type Registry } from 'prom-client';

export interface EventApiMetrics {
  accepted(type: EventType, events: number): void;
  refused(code: ErrorCode): void;
  /** Asked at every scrape. */
  watch(sizes: () => { readonly requests: number; readonly bytes: number }): void;
  watchLag(messages: () => number): void;
}

export function createEventApiMetrics(registry: Registry): EventApiMetrics {
  const registers = [registry];
  const accepted = new Counter({
    name: 'sdp_events_accepted_total',
    help: 'Events that stand on the bus, repeats included',
    labelNames: ['type'] as const,
    registers,
  });
  const refused = new Counter({
    name: 'sdp_event_requests_refused_total',
    help: 'Requests with events that were not taken whole',
    labelNames: ['code'] as const,
    registers,
  });
  for (const type of eventTypes) accepted.inc({ type }, 0);
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  return {
    accepted: (type, events) => accepted.inc({ type }, events),
    refused: (code) => refused.inc({ code }),
    watch: (sizes) => {
      gauge('sdp_event_requests', 'Requests with events that are being read', () => sizes().requests);
      gauge('sdp_event_body_bytes', 'Bytes set aside for bodies that are read whole', () => sizes().bytes);
    },
    watchLag: (messages) => {
      gauge('sdp_event_backlog_messages', 'Messages with events that waited to be stored at the last look', messages);
    },
  };
}
