import { z } from 'zod';
import { clientIdSchema } from './batch.ts';

export const alertLevelSchema = z.enum(['INFO', 'WARNING', 'ERROR', 'CRITICAL']);
/** What became of an alert on a channel. */
export const deliveryStateSchema = z.enum(['WAITING', 'SENDING', 'DELIVERED', 'SILENCED', 'FAILED']);
/** `*` stands for the server itself, or for all clients. */
export const clientOrAllSchema = z.union([clientIdSchema, z.literal('*')]);

const pattern = z.string().min(1).max(256);

/** Which alerts a silence covers: all that is said must hold, and of several values one; `*` in them stands for any text. */
export const alertMatchSchema = z
  .strictObject({
    levels: z.array(alertLevelSchema).min(1).max(4).optional(),
    min_level: alertLevelSchema.optional(),
    types: z.array(pattern).min(1).max(50).optional(),
    tags: z.record(z.string().min(1).max(64), z.array(pattern).min(1).max(50)).optional(),
  })
  .meta({ id: 'AlertMatch' });
export type AlertMatch = z.infer<typeof alertMatchSchema>;

/** `POST /api/v1/silences`. */
export const newSilenceSchema = z
  .strictObject({
    match: alertMatchSchema,
    until: z.iso.datetime({ offset: true }),
    reason: z.string().trim().min(1).max(500),
  })
  .meta({ id: 'NewSilence' });

const byWhom = z.strictObject({ kind: z.string().max(20), id: z.string().max(200) });

export const silenceSchema = z
  .strictObject({
    silence_id: z.uuid(),
    client_id: clientOrAllSchema,
    match: alertMatchSchema,
    reason: z.string(),
    created_by: byWhom,
    created_at: z.iso.datetime(),
    until: z.iso.datetime(),
    /** Taken back before its time. */
    ended_at: z.iso.datetime().nullable(),
    ended_by: byWhom.nullable(),
    is_active: z.boolean(),
  })
  .meta({ id: 'Silence' });
export type SilenceView = z.infer<typeof silenceSchema>;

/** `GET /api/v1/silences`. */
export const silenceListSchema = z.strictObject({ silences: z.array(silenceSchema) }).meta({ id: 'SilenceList' });

/** What became of an alert on one channel. */
export const deliverySchema = z
  .strictObject({
    channel: z.string(),
    state: deliveryStateSchema,
    /** Why it failed, or what the last attempt failed of. */
    reason: z.string().nullable(),
    attempts: z.int().min(0),
    message_id: z.uuid().nullable(),
    silence_id: z.uuid().nullable(),
    at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'AlertDelivery' });

/** An alert and whom it reached. */
export const notificationSchema = z
  .strictObject({
    alert_id: z.uuid(),
    client_id: clientOrAllSchema,
    anomaly_id: z.uuid().nullable(),
    kind: z.string(),
    type: z.string(),
    level: alertLevelSchema,
    title: z.string(),
    message: z.string(),
    created_at: z.iso.datetime(),
    acknowledged_at: z.iso.datetime().nullable(),
    resolved_at: z.iso.datetime().nullable(),
    /** None where no channel takes it. */
    deliveries: z.array(deliverySchema),
  })
  .meta({ id: 'Notification' });
export type Notification = z.infer<typeof notificationSchema>;

/** `GET /api/v1/notifications`. */
export const notificationListSchema = z
  .strictObject({ notifications: z.array(notificationSchema), next_cursor: z.string().nullable() })
  .meta({ id: 'NotificationList' });
export type NotificationList = z.infer<typeof notificationListSchema>;
