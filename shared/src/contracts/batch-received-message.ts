import { z } from 'zod';
import { batchIdSchema, clientIdSchema } from './batch.ts';
import { processingTypeSchema } from './processing-type.ts';

/** On topic `batch.<processing_type>`, keyed by batch id: a batch is stored and waits for its worker. */
export const batchReceivedMessageSchema = z.strictObject({
  type: z.literal('batch.received'),
  version: z.literal(1),
  event_id: z.uuid(),
  batch_id: batchIdSchema,
  client_id: clientIdSchema,
  processing_type: processingTypeSchema,
  record_count: z.int().min(1),
  received_at: z.iso.datetime(),
});
export type BatchReceivedMessage = z.infer<typeof batchReceivedMessageSchema>;
