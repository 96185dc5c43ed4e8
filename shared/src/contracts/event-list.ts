import { z } from 'zod';
import { eventSchema, logLevels } from './event.ts';

/** `GET /api/v1/events`: recent ones, those that were stored last first. */
export const eventListSchema = z
  .strictObject({ events: z.array(eventSchema), next_cursor: z.string().max(60).nullable() })
  .meta({ id: 'EventList' });
export type EventList = z.infer<typeof eventListSchema>;

/** Lengths of the parts into which `GET /api/v1/stats` divides time. */
export const statsBuckets = ['minute', '5m', 'hour', 'day'] as const;
export const statsBucketSchema = z.enum(statsBuckets).meta({ id: 'StatsBucket' });
export type StatsBucket = z.infer<typeof statsBucketSchema>;

const count = z.int().min(0);
const eventCountsShape = {
  log: count,
  metric: count,
  transaction: count,
  /** Of logs. */
  levels: z.strictObject(
    Object.fromEntries(logLevels.map((level) => [level, count])) as Record<(typeof logLevels)[number], typeof count>,
  ),
};
export const eventCountsSchema = z.strictObject(eventCountsShape).meta({ id: 'EventCounts' });
export type EventCounts = z.infer<typeof eventCountsSchema>;

/** `GET /api/v1/stats`: how many events there were by their own times. Every bucket is there, empty ones too, oldest first. */
export const eventStatsSchema = z
  .strictObject({
    bucket: statsBucketSchema,
    /** The beginning of the first bucket, and the end of the last. */
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    total: eventCountsSchema,
    buckets: z.array(z.strictObject({ start: z.iso.datetime(), ...eventCountsShape })),
  })
  .meta({ id: 'EventStats' });
export type EventStats = z.infer<typeof eventStatsSchema>;
