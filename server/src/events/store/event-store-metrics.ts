import { type EventType, eventTypes } from '@sdp/shared/contracts';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { SeenEvents } from '../seen-events.ts';

export interface EventStoreMetrics {
  stored(type: EventType, fresh: number, repeats: number): void;
  /** Asked at every scrape. */
  watchSeen(type: EventType, all: () => readonly SeenEvents[]): void;
}

export function createEventStoreMetrics(registry: Registry): EventStoreMetrics {
  const registers = [registry];
  const counter = (name: string, help: string) => new Counter({ name, help, labelNames: ['type'] as const, registers });
  const stored = counter('sdp_events_stored_total', 'Events stored and counted');
  const repeated = counter('sdp_events_repeated_total', 'Events that had been stored before');
  const watched = new Map<EventType, () => readonly SeenEvents[]>();
  const gauge = (name: string, help: string, value: (seen: SeenEvents) => number) =>
    new Gauge({
      ...{ name, help, registers },
      labelNames: ['type'] as const,
      collect() {
        for (const [type, all] of watched)
          this.set(
            { type },
            all().reduce((sum, seen) => sum + value(seen), 0),
          );
      },
    });
  gauge('sdp_events_remembered', 'Events by which repeats are known', ({ size }) => size);
  gauge('sdp_events_remembered_bytes', 'Memory that this takes', ({ sizeBytes }) => sizeBytes);
  gauge(
    'sdp_events_forgotten_early',
    'Events that had to make room within the horizon: a repeat of one is stored again',
    ({ forgottenEarly }) => forgottenEarly,
  );
  for (const type of eventTypes) {
    stored.inc({ type }, 0);
    repeated.inc({ type }, 0);
  }
  return {
    stored: (type, fresh, repeats) => {
      stored.inc({ type }, fresh);
      repeated.inc({ type }, repeats);
    },
    watchSeen: (type, all) => void watched.set(type, all),
  };
}
