import { InputError } from '@sdp/shared/errors';

/** Where a page of anomalies ended. */
export interface AnomalyPosition {
  readonly at: Date;
  readonly id: string;
}

const pattern = /^(-?\d{1,15}) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

export function encodePosition({ at, id }: AnomalyPosition): string {
  return Buffer.from(`${at.getTime()} ${id}`).toString('base64url');
}

/** @throws {InputError} `request-invalid` for anything that {@link encodePosition} didn't make */
export function decodePosition(text: string): AnomalyPosition {
  const [, time = '', id] = pattern.exec(Buffer.from(text, 'base64url').toString('latin1')) ?? [];
  const at = new Date(Number(time));
  if (id !== undefined && !Number.isNaN(at.getTime())) return { at, id };
  throw new InputError('request-invalid', {
    details: { findings: [{ field: 'cursor', message: 'must be the next_cursor of an earlier answer' }] },
  });
}
