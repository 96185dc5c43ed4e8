import { batchIdSchema } from '@sdp/shared/contracts';
import { InputError } from '@sdp/shared/errors';
import type { StoredBatch } from './stored-batch.ts';

/** Where a page of batches ended. */
export interface BatchCursor {
  readonly receivedAt: Date;
  readonly batchId: string;
}

export function encodeCursor({ receivedAt, batchId }: Pick<StoredBatch, 'receivedAt' | 'batchId'>): string {
  return Buffer.from(`${receivedAt.getTime()} ${batchId}`).toString('base64url');
}

/** @throws {InputError} `request-invalid` for anything that {@link encodeCursor} didn't make */
export function decodeCursor(text: string): BatchCursor {
  const [time = '', id] = Buffer.from(text, 'base64url').toString('latin1').split(' ');
  const batchId = batchIdSchema.safeParse(id);
  if (!/^\d{1,15}$/.test(time) || !batchId.success) {
    throw new InputError('request-invalid', {
      details: { findings: [{ field: 'cursor', message: 'must be the next_cursor of an earlier answer' }] },
    });
  }
  return { receivedAt: new Date(Number(time)), batchId: batchId.data };
}
