import { type BatchId, batchIdSchema } from '@sdp/shared/contracts';
import { RejectedError } from '@sdp/shared/errors';

/** @throws {RejectedError} `not-found`: what isn't an id names no batch */
export function parseBatchId(text: unknown): BatchId {
  const parsed = batchIdSchema.safeParse(text);
  if (!parsed.success) throw new RejectedError('not-found');
  return parsed.data;
}
