import { createHash } from 'node:crypto';
import { InputError } from '@sdp/shared/errors';
import type { FoundRecord } from '../../records/index.ts';

const cursorPattern = /^([0-9a-f]{16})\.(\d{1,10})\.((?:[0-9a-f]{2})*)$/;

/**
 * Where a page of records ended.
 *
 * @param asked all of the query but the cursor: it goes on with the same one only
 */
export function encodeRecordCursor(asked: string, { seq, key }: FoundRecord): string {
  return Buffer.from(`${markOf(asked)}.${seq}.${key.toString('hex')}`, 'latin1').toString('base64url');
}

/** @throws {InputError} `request-invalid` for what {@link encodeRecordCursor} didn't make, or for another query */
export function decodeRecordCursor(asked: string, text: string): FoundRecord {
  const [, mark, seq = '', key = ''] = cursorPattern.exec(Buffer.from(text, 'base64url').toString('latin1')) ?? [];
  if (mark !== markOf(asked) || Number(seq) > 2 ** 31 - 1) throw cursorInvalid();
  return { seq: Number(seq), key: Buffer.from(key, 'hex') };
}

export function cursorInvalid(): InputError {
  return new InputError('request-invalid', {
    details: {
      findings: [{ field: 'cursor', message: 'must be the next_cursor of an earlier answer to the same query' }],
    },
  });
}

function markOf(asked: string): string {
  return createHash('sha256').update(asked).digest('hex').slice(0, 16);
}
