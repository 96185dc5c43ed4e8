import { z } from 'zod';

/** One decision: who asked for what, and whether it was given. */
export const accessEntrySchema = z
  .strictObject({
    access_id: z.string().regex(/^\d{1,19}$/),
    at: z.iso.datetime(),
    /** `none`: nobody could be made out. */
    principal_kind: z.enum(['user', 'key', 'none']),
    principal_id: z.string().nullable(),
    role: z.string().nullable(),
    /** For which client it was asked, where it was for one. */
    client_id: z.string().nullable(),
    permission: z.string().nullable(),
    /** Method and pattern of the route. */
    resource: z.string(),
    resource_id: z.string().nullable(),
    allowed: z.boolean(),
    /** Why not: a code of the registry of errors. */
    code: z.string().nullable(),
    request_id: z.string(),
    /** Requests alike within a moment. */
    requests: z.int().min(1),
  })
  .meta({ id: 'AccessEntry' });
export type AccessEntry = z.infer<typeof accessEntrySchema>;

/** `GET /api/v1/access-log`: newest first. */
export const accessLogSchema = z
  .strictObject({ entries: z.array(accessEntrySchema), next_cursor: z.string().max(200).nullable() })
  .meta({ id: 'AccessLog' });
export type AccessLogPage = z.infer<typeof accessLogSchema>;
