import type { Event } from '@sdp/shared/contracts';
import type { EventPlace, StreamEvent } from '../detectors/index.ts';

type Writable = { -readonly [K in keyof StreamEvent]: StreamEvent[K] };
const noTags: Readonly<Record<string, string>> = {};

/** An event of the wire as detectors see it. */
export function toStreamEvent(event: Event, clientId: string, receivedAtMs: number, place: EventPlace): StreamEvent {
  const made: Writable = {
    clientId,
    eventId: event.event_id,
    type: event.type,
    atMs: Date.parse(event.at),
    receivedAtMs,
    tags: event.tags ?? noTags,
    place,
  };
  if (event.user_id !== undefined) made.userId = event.user_id;
  if (event.host !== undefined) made.host = event.host;
  if (event.source !== undefined) made.source = event.source;
  switch (event.type) {
    case 'log':
      made.level = event.level;
      made.message = event.message;
      if (event.attributes !== undefined) made.attributes = event.attributes;
      break;
    case 'metric':
      made.metrics = event.metrics;
      break;
    case 'transaction':
      made.amount = event.amount;
      if (event.currency !== undefined) made.currency = event.currency;
      if (event.merchant !== undefined) made.merchant = event.merchant;
      if (event.category !== undefined) made.category = event.category;
      if (event.channel !== undefined) made.channel = event.channel;
      if (event.country !== undefined) made.country = event.country;
  }
  return made;
}
