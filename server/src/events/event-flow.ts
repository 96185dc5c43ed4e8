import { type Event, type EventBatch, type EventType, eventBatchSchema, eventShards } from '@sdp/shared/contracts';
import type { PayloadContract } from '@sdp/shared/messaging';
import { partitionOf } from '../bus/index.ts';

/** Where events of each type stand on the bus. */
export const eventTopics: Readonly<Record<EventType, string>> = {
  log: 'logs',
  metric: 'metrics',
  transaction: 'transactions',
};

/** Consumer group that stores recent events and counts. */
export const eventStoreGroup = 'sdp-event-store';

/** Consumer groups that analyse events, by type. */
export const analysisGroups: Readonly<Record<EventType, string>> = {
  log: 'sdp-analysis-logs',
  metric: 'sdp-analysis-metrics',
  transaction: 'sdp-analysis-transactions',
};

export const eventBatchContract: PayloadContract<EventBatch> = {
  name: 'event.batch',
  version: 1,
  schema: eventBatchSchema,
};

/** Events of one message, as JSON in UTF-8, take at most this much, unless one alone takes more. */
export const maxMessageBytes = 128 * 1024;

/**
 * What an event's place on the bus follows from: all of one user, or one host, stand in one partition, in the order in which they
 * came. Empty where an event has nothing of the kind.
 */
export function routingValue(event: Event): string {
  switch (event.type) {
    case 'log':
      return event.user_id ?? event.source ?? event.host ?? '';
    case 'metric':
      return event.host ?? event.source ?? '';
    case 'transaction':
      return event.user_id;
  }
}

/** 0 to 15. The same for ever, as state kept by partition depends on it. */
export function shardOf(event: Event): number {
  return partitionOf(routingValue(event), eventShards);
}

/** Key of a message: what shares one keeps its order and its worker. */
export function eventKey(clientId: string, shard: number): string {
  return `${clientId}/${shard}`;
}
