import { z } from 'zod';
import { anomalyLevels } from './anomaly-level.ts';
import { clientIdSchema } from './batch.ts';
import { editReasonSchema } from './record.ts';

export const anomalyLevelSchema = z.enum(anomalyLevels).meta({ id: 'AnomalyLevel' });
export type AnomalyLevel = z.infer<typeof anomalyLevelSchema>;

/** `RESOLVED` is the end: what comes back afterwards is another anomaly. */
export const anomalyStateSchema = z.enum(['OPEN', 'ACKNOWLEDGED', 'RESOLVED']).meta({ id: 'AnomalyState' });
export type AnomalyState = z.infer<typeof anomalyStateSchema>;

/** Who has handled an anomaly; of one that was found, the detector (`system`). */
export const anomalyActorSchema = z.object({
  kind: z.enum(['user', 'key', 'operator', 'system']),
  id: z.string(),
});
export type AnomalyActor = z.infer<typeof anomalyActorSchema>;

/** An anomaly as lists and streams show it. */
export const anomalySchema = z
  .object({
    anomaly_id: z.uuid(),
    client_id: clientIdSchema,
    timestamp: z.iso.datetime().meta({ description: 'Of the event that completed the first finding' }),
    is_alert: z.boolean().meta({ description: 'Whether people were told' }),
    alert_type: z.string().meta({ description: 'The rule, or the kind of finding' }),
    alert_level: anomalyLevelSchema,
    alert_title: z.string(),
    alert_message: z.string(),
    user_id: z.string().nullable(),
    tags: z.record(z.string(), z.string()),
    metrics: z.record(z.string(), z.number()),
    detector: z.string(),
    detector_version: z.string(),
    repeats: z.int().nonnegative().meta({ description: 'Findings of the same condition after the first' }),
    last_at: z.iso.datetime().meta({ description: 'Of the latest of them' }),
    found_at: z.iso.datetime(),
    state: anomalyStateSchema,
    state_at: z.iso.datetime().nullable(),
    state_by: anomalyActorSchema.nullable(),
    note: z.string().nullable(),
  })
  .meta({ id: 'Anomaly' });
export type Anomaly = z.infer<typeof anomalySchema>;

export const anomalyStateChangeSchema = z
  .object({
    from: anomalyStateSchema.nullable().meta({ description: 'null: it was found' }),
    to: anomalyStateSchema,
    by: anomalyActorSchema,
    at: z.iso.datetime(),
    note: z.string().nullable(),
  })
  .meta({ id: 'AnomalyStateChange' });
export type AnomalyStateChange = z.infer<typeof anomalyStateChangeSchema>;

/** Everything that is known of an anomaly. */
export const anomalyDetailSchema = anomalySchema
  .extend({
    explanation: z
      .record(z.string(), z.unknown())
      .meta({ description: 'The rule and its numbers, or the features or template that made it' }),
    evidence: z.object({
      topic: z.string(),
      partition: z.int(),
      first_offset: z.string(),
      last_offset: z.string(),
      event_ids: z.array(z.string()),
      count: z.int(),
    }),
    group_key: z.string(),
    history: z.array(anomalyStateChangeSchema).meta({ description: 'Oldest first' }),
  })
  .meta({ id: 'AnomalyDetail' });
export type AnomalyDetail = z.infer<typeof anomalyDetailSchema>;

export const anomalyListSchema = z
  .object({ anomalies: z.array(anomalySchema), next_cursor: z.string().nullable() })
  .meta({ id: 'AnomalyList' });
export type AnomalyList = z.infer<typeof anomalyListSchema>;

/** What acknowledging or resolving takes. The note is for people, and looked through for personal data. */
export const anomalyHandlingSchema = z
  .strictObject({ note: editReasonSchema.optional() })
  .meta({ id: 'AnomalyHandling' });
export type AnomalyHandling = z.infer<typeof anomalyHandlingSchema>;

/** What a live stream shows: an anomaly as it was right after a change of its state. */
export const anomalyChangedSchema = z
  .object({ anomaly: anomalySchema, change: anomalyStateChangeSchema })
  .meta({ id: 'AnomalyChanged' });
export type AnomalyChanged = z.infer<typeof anomalyChangedSchema>;
