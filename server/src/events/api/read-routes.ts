import {
  type EventList,
  type EventStats,
  eventLimits,
  eventTypeSchema,
  logLevelSchema,
  statsBucketSchema,
} from '@sdp/shared/contracts';
import { InputError } from '@sdp/shared/errors';
import { Router } from 'express';
import { z } from 'zod';
import type { Pool } from '../../database/index.ts';
import { clientOf, named, parsedAs } from '../../http/index.ts';
import type { Guard } from '../../identity/index.ts';
import type { DataKeyRing } from '../../records/index.ts';
import { type EventPosition, readEvents } from '../store/read-events.ts';
import { bucketMs, readStats } from '../store/read-stats.ts';

export interface ReadRoutesOptions {
  readonly pool: Pool;
  readonly keyRing: DataKeyRing;
  readonly guard: Guard;
}

const instant = z.iso.datetime({ offset: true });

export const eventsQuerySchema = z.strictObject({
  type: eventTypeSchema.optional(),
  from: instant.optional().meta({ description: 'By the events’ own time; inclusive' }),
  to: instant.optional().meta({ description: 'By the events’ own time; exclusive' }),
  level: logLevelSchema.optional(),
  user_id: z.string().min(1).max(eventLimits.idLength).optional(),
  host: z.string().min(1).max(eventLimits.hostLength).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z
    .string()
    .regex(/^\d{1,18}-\d{1,9}$/, 'must be the next_cursor of an earlier answer')
    .optional(),
});

export const statsQuerySchema = z.strictObject({
  bucket: statsBucketSchema.default('minute'),
  from: instant.optional().meta({ description: 'An hour before `to` where left out' }),
  to: instant.optional().meta({ description: 'Now where left out' }),
});

const mostBuckets = 1_500;
const hourMs = 3_600_000;

/** `GET /api/v1/events` and `GET /api/v1/stats`: a client's own. */
export function readRoutes({ pool, keyRing, guard }: ReadRoutesOptions): Router {
  const router = Router();
  const events = '/api/v1/events';
  router.get(events, named(events), ...guard('events:read'), async (request, response) => {
    const { cursor, from, to, user_id: userId, ...rest } = parsedAs(eventsQuerySchema, request.query);
    const page = await readEvents(pool, keyRing, {
      ...rest,
      clientId: clientOf(response),
      userId,
      ...{ from: dateOf(from), to: dateOf(to) },
      before: cursor === undefined ? undefined : positionOf(cursor),
    });
    response.json({
      events: [...page.events],
      next_cursor: page.next === undefined ? null : `${page.next.blockId}-${page.next.index}`,
    } satisfies EventList);
  });

  const stats = '/api/v1/stats';
  router.get(stats, named(stats), ...guard('events:read'), async (request, response) => {
    const { bucket, from, to } = parsedAs(statsQuerySchema, request.query);
    const width = bucketMs[bucket];
    const end = Math.ceil((dateOf(to)?.getTime() ?? Date.now()) / width) * width;
    const start = Math.floor((dateOf(from)?.getTime() ?? end - hourMs) / width) * width;
    assertRange((end - start) / width);
    const range = { clientId: clientOf(response), bucket, from: new Date(start), to: new Date(end) };
    response.json((await readStats(pool, range)) satisfies EventStats);
  });
  return router;
}

/** @throws {InputError} `request-invalid` */
function assertRange(buckets: number): void {
  const message =
    buckets < 1 ? 'must lie before `to`' : buckets > mostBuckets ? `must leave at most ${mostBuckets} buckets` : '';
  if (message === '') return;
  throw new InputError('request-invalid', { details: { findings: [{ field: 'from', message }] } });
}

function dateOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text);
}

function positionOf(cursor: string): EventPosition {
  const [blockId = '', index] = cursor.split('-');
  return { blockId, index: Number(index) };
}
