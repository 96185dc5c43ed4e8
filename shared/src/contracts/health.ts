import { z } from 'zod';

export const healthSchema = z
  .strictObject({ status: z.literal('ok'), service: z.literal('ingestion_api') })
  .meta({ id: 'Health' });

/** `GET /readyz`: 200 when every dependency answers, else 503. */
export const readinessSchema = z
  .strictObject({
    status: z.enum(['ready', 'not_ready']),
    dependencies: z.record(
      z.string(),
      // What is worth knowing of one that is up.
      z.strictObject({ status: z.enum(['up', 'down']), detail: z.string().max(300).optional() }),
    ),
  })
  .meta({ id: 'Readiness' });
