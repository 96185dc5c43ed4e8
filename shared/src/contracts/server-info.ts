import { z } from 'zod';
import { clientIdSchema } from './batch.ts';
import { processingTypeSchema } from './processing-type.ts';

/**
 * `GET /api/v1/server-info`: what a client has to know before it sends. `key_fingerprints` lets it find out whether the
 * server holds one of its own keys (see `keyFingerprint` in `crypto`); nothing of the client's keys ever travels.
 */
export const serverInfoSchema = z
  .strictObject({
    service: z.literal('ingestion_api'),
    version: z.string().max(50),
    client_id: clientIdSchema,
    processing_types: z.array(processingTypeSchema),
    content_encodings: z.array(z.enum(['gzip', 'zstd'])),
    /** Whether this API key's policy honours `declared_safe`. */
    declared_safe_allowed: z.boolean(),
    max_body_bytes: z.int().positive(),
    max_records: z.int().positive(),
    key_fingerprints: z.array(z.string().regex(/^[0-9a-f]{64}$/)).min(1),
  })
  .meta({ id: 'ServerInfo' });
export type ServerInfo = z.infer<typeof serverInfoSchema>;
