import { type Event, type EventBatch, type EventType, eventTypes, maxEventsPerMessage } from '@sdp/shared/contracts';
import type { Sending, TraceContext } from '@sdp/shared/messaging';
import { eventBatchContract, eventKey, eventTopics, maxMessageBytes, shardOf } from '../event-flow.ts';

/** An event and what it takes as JSON, in bytes. */
export interface SizedEvent {
  readonly event: Event;
  readonly bytes: number;
}

export interface Arrival {
  readonly clientId: string;
  readonly receivedAt: Date;
  readonly trace?: TraceContext | undefined;
}

/** Messages for one topic. */
export interface TopicSendings {
  readonly type: EventType;
  readonly topic: string;
  readonly sendings: readonly Sending<EventBatch>[];
  readonly events: number;
}

/** Puts events into messages by type and shard, in the order in which they came. */
export function groupEvents(events: readonly SizedEvent[], arrival: Arrival): TopicSendings[] {
  return eventTypes.flatMap((type) => {
    const ofType = events.filter(({ event }) => event.type === type);
    if (ofType.length === 0) return [];
    const shards = new Map<number, SizedEvent[]>();
    for (const each of ofType) {
      const shard = shardOf(each.event);
      const known = shards.get(shard);
      if (known === undefined) shards.set(shard, [each]);
      else known.push(each);
    }
    const sendings = [...shards].flatMap(([shard, each]) =>
      split(each).map((part) => sendingOf(type, shard, part, arrival)),
    );
    return [{ type, topic: eventTopics[type], sendings, events: ofType.length }];
  });
}

function split(events: readonly SizedEvent[]): Event[][] {
  const parts: Event[][] = [];
  let part: Event[] = [];
  let bytes = 0;
  for (const each of events) {
    if (part.length === maxEventsPerMessage || (part.length > 0 && bytes + each.bytes > maxMessageBytes)) {
      parts.push(part);
      part = [];
      bytes = 0;
    }
    part.push(each.event);
    bytes += each.bytes;
  }
  parts.push(part);
  return parts;
}

function sendingOf(type: EventType, shard: number, events: Event[], arrival: Arrival): Sending<EventBatch> {
  const { clientId, receivedAt, trace } = arrival;
  return {
    key: eventKey(clientId, shard),
    tenant: clientId,
    contract: eventBatchContract,
    // Each of them is of this type, which the type can't say.
    payload: { type, client_id: clientId, shard, received_at: receivedAt.toISOString(), events } as EventBatch,
    ...(trace && { trace }),
  };
}
