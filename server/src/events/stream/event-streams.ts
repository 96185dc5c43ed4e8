import { clientIdSchema, eventLimits, eventTypeSchema, logLevelSchema } from '@sdp/shared/contracts';
import { z } from 'zod';
import type { Pool } from '../../database/index.ts';
import { type LiveStreamSettings, LiveStreams } from '../../live-streams/index.ts';
import type { DataKeyRing } from '../../records/index.ts';
import { EventFeed } from './event-feed.ts';
import { placePattern } from './event-place.ts';

export interface EventStreamsOptions extends LiveStreamSettings {
  readonly pool: Pool;
  readonly keyRing: DataKeyRing;
  readonly onFailed: (error: unknown) => void;
}

export const eventStreamPath = '/api/v1/events/stream';

const id = z.string().min(1).max(eventLimits.idLength);
export const eventStreamQuerySchema = z.strictObject({
  client_id: clientIdSchema.optional(),
  type: eventTypeSchema.optional(),
  level: logLevelSchema.optional(),
  user_id: id.optional(),
  source: id.optional(),
  host: z.string().min(1).max(eventLimits.hostLength).optional(),
  after: z
    .string()
    .regex(placePattern)
    .optional()
    .meta({ description: 'Id of the last event that was seen; 0 for all that are kept' }),
});

export type EventStreams = LiveStreams<z.output<typeof eventStreamQuerySchema>>;

/** Shows events as they are stored. */
export function eventStreams({ pool, keyRing, onFailed, ...settings }: EventStreamsOptions): EventStreams {
  return new LiveStreams({
    ...settings,
    ...{ kind: 'events', path: eventStreamPath, permission: 'events:read' },
    querySchema: eventStreamQuerySchema,
    feed: new EventFeed({ pool, keyRing, onFailed }),
  });
}
