import { IntegrityError } from '@sdp/shared/errors';

/** A record that isn't there, or isn't what its job says of it. */
export function tamperedRecord(batchId: string, row: number): IntegrityError {
  return new IntegrityError('record-tampered', { details: { batchId, row } });
}
