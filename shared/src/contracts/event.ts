import { z } from 'zod';

/** What an event is about: each type has a topic of its own. */
export const eventTypes = ['log', 'metric', 'transaction'] as const;
export const eventTypeSchema = z.enum(eventTypes).meta({ id: 'EventType' });
export type EventType = z.infer<typeof eventTypeSchema>;

/** Mildest first. */
export const logLevels = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const;
export const logLevelSchema = z.enum(logLevels).meta({ id: 'LogLevel' });
export type LogLevel = z.infer<typeof logLevelSchema>;

/** Bounds of one event; lengths are in UTF-16 units. */
export const eventLimits = {
  idLength: 128,
  hostLength: 255,
  nameLength: 64,
  tagLength: 256,
  tags: 32,
  messageLength: 8_192,
  attributeLength: 1_024,
  attributes: 64,
  metrics: 64,
  maxAmount: 1e12,
} as const;

/** Of tags, attributes and metrics. Not `__proto__`: such a name would be no property like others. */
export const eventNamePattern = /^(?!__proto__$)[A-Za-z_@$][A-Za-z0-9_.:/@$-]{0,63}$/;
const nameSchema = z
  .string()
  .regex(eventNamePattern, 'a letter, "_", "@" or "$", then letters, digits and "_.:/@$-", at most 64');
const idSchema = z.string().min(1).max(eventLimits.idLength);

/** So that an event with too many entries is refused before each of them is looked at. */
function atMost<T extends z.ZodType<object>>(entries: number, schema: T) {
  return schema.refine((record) => Object.keys(record).length <= entries, `at most ${entries} entries`);
}

const common = {
  /** The sender's own, unique within the client. Sent again, it is the same event. */
  event_id: idSchema,
  /** When it took place, by the sender's clock; with an offset from UTC. Read to the millisecond. */
  at: z.iso.datetime({ offset: true }),
  /** A token, or an id that is nobody's data by itself. */
  user_id: idSchema.optional(),
  /** The machine or container. */
  host: z.string().min(1).max(eventLimits.hostLength).optional(),
  /** The service or program. */
  source: idSchema.optional(),
  tags: atMost(eventLimits.tags, z.record(nameSchema, z.string().max(eventLimits.tagLength))).optional(),
};

export const logEventSchema = z
  .strictObject({
    type: z.literal('log'),
    ...common,
    level: logLevelSchema,
    message: z.string().max(eventLimits.messageLength),
    attributes: atMost(
      eventLimits.attributes,
      z.record(nameSchema, z.union([z.string().max(eventLimits.attributeLength), z.number(), z.boolean(), z.null()])),
    ).optional(),
  })
  .meta({ id: 'LogEvent' });
export type LogEvent = z.infer<typeof logEventSchema>;

export const metricEventSchema = z
  .strictObject({
    type: z.literal('metric'),
    ...common,
    /** Values of one sample, by name, such as `cpu_percent` and `latency_ms`. */
    metrics: atMost(eventLimits.metrics, z.record(nameSchema, z.number())).refine(
      (metrics) => Object.keys(metrics).length > 0,
      'at least one value',
    ),
  })
  .meta({ id: 'MetricEvent' });
export type MetricEvent = z.infer<typeof metricEventSchema>;

const word = z.string().min(1).max(eventLimits.idLength);

export const transactionEventSchema = z
  .strictObject({
    type: z.literal('transaction'),
    ...common,
    user_id: idSchema,
    /** In units of the currency, such as 12.5; negative where money goes back. */
    amount: z.number().min(-eventLimits.maxAmount).max(eventLimits.maxAmount),
    /** ISO 4217, such as EUR. */
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, 'three capital letters of ISO 4217')
      .optional(),
    merchant: word.optional(),
    category: word.optional(),
    channel: word.optional(),
    /** ISO 3166-1 alpha-2. */
    country: z
      .string()
      .regex(/^[A-Z]{2}$/, 'two capital letters of ISO 3166-1')
      .optional(),
  })
  .meta({ id: 'TransactionEvent' });
export type TransactionEvent = z.infer<typeof transactionEventSchema>;

/** Something that happened: a line of a log, a sample of metrics, a transaction. */
export const eventSchema = z
  .discriminatedUnion('type', [logEventSchema, metricEventSchema, transactionEventSchema])
  .meta({ id: 'Event' });
export type Event = z.infer<typeof eventSchema>;

/** Events of one `POST /api/v1/events` as JSON. */
export const maxEventsPerRequest = 5_000;

export const eventsRequestSchema = z
  .strictObject({ events: z.array(eventSchema).min(1).max(maxEventsPerRequest) })
  .meta({ id: 'EventsRequest' });

/** What stands on the bus for good, repeats included. */
export const eventsAcceptedSchema = z.strictObject({ accepted: z.int().min(0) }).meta({ id: 'EventsAccepted' });
export type EventsAccepted = z.infer<typeof eventsAcceptedSchema>;
