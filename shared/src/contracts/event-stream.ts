import { z } from 'zod';
import { clientIdSchema } from './batch.ts';
import { eventSchema, eventTypeSchema } from './event.ts';

/** `GET /api/v1/events/stream`: an event once it is stored. */
export const eventShownSchema = z
  .strictObject({ client_id: clientIdSchema, event: eventSchema })
  .meta({ id: 'EventShown' });
export type EventShown = z.infer<typeof eventShownSchema>;

/** In the place of stored events that are not what was stored, and can't be shown. */
export const eventsUnreadableSchema = z
  .strictObject({ client_id: clientIdSchema, type: eventTypeSchema, events: z.int().min(1) })
  .meta({ id: 'EventsUnreadable' });
export type EventsUnreadable = z.infer<typeof eventsUnreadableSchema>;
