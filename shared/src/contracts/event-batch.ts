import { z } from 'zod';
import { eventTypeSchema, logEventSchema, metricEventSchema, transactionEventSchema } from './event.ts';
import { areSurelyEvents } from './event-check.ts';
import { withFastPath } from './fast-path.ts';

/** Parts that a client's events of one type are divided into. Fixed: messages, and state kept of them, depend on it. */
export const eventShards = 16;

/** Events of one message on the bus. */
export const maxEventsPerMessage = 256;

const maxClientIdLength = 200;

const common = {
  client_id: z.string().min(1).max(maxClientIdLength),
  shard: z
    .int()
    .min(0)
    .max(eventShards - 1),
  /** By the clock of the API that took them; all of a message came together. */
  received_at: z.iso.datetime(),
};
const several = <T extends z.ZodType>(schema: T) => z.array(schema).min(1).max(maxEventsPerMessage);

const schema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal(eventTypeSchema.enum.log), ...common, events: several(logEventSchema) }),
  z.strictObject({ type: z.literal(eventTypeSchema.enum.metric), ...common, events: several(metricEventSchema) }),
  z.strictObject({
    type: z.literal(eventTypeSchema.enum.transaction),
    ...common,
    events: several(transactionEventSchema),
  }),
]);
/**
 * Topics `logs`, `metrics` and `transactions`, contract `event.batch`: events of one client, type and shard in the order in which
 * they came, keyed by client and shard. A change needs a new version that still reads what was written before.
 */
export const eventBatchSchema = withFastPath(schema, isSurelyBatch);
export type EventBatch = z.infer<typeof eventBatchSchema>;

const isInstant = z.iso.datetime();

function isSurelyBatch(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Object.keys(value).length !== 5) return false;
  const { type, client_id, shard, received_at, events } = value as Readonly<Record<string, unknown>>;
  return (
    typeof client_id === 'string' &&
    client_id.length > 0 &&
    client_id.length <= maxClientIdLength &&
    Number.isInteger(shard) &&
    (shard as number) >= 0 &&
    (shard as number) < eventShards &&
    isInstant.safeParse(received_at).success &&
    areSurelyEvents(events, type, maxEventsPerMessage)
  );
}
