import { z } from 'zod';

/** One invalid field or place in a request. */
export const problemFindingSchema = z.object({
  message: z.string().max(1_000),
  field: z.string().max(512).optional(),
  row: z.int().min(1).optional(),
  line: z.int().min(1).optional(),
  column: z.int().min(1).optional(),
});

/** RFC 9457 problem details, with the registry's code and the request id. */
export const problemSchema = z
  .object({
    type: z.string().max(200),
    title: z.string().max(500),
    status: z.int().min(400).max(599),
    detail: z.string().max(2_000).optional(),
    code: z.string().regex(/^[a-z0-9-]{1,64}$/),
    remedy: z.string().max(1_000).optional(),
    request_id: z.string().max(100),
    findings: z.array(problemFindingSchema).max(100).optional(),
    /** Of a stream that was not taken whole: so many of its lines were, from the first. */
    accepted: z.int().min(0).optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problemSchema>;
