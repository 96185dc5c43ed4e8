import type { ErrorCode } from '@sdp/shared/errors';

/** Why an event does not leave this machine. Holds no value of it. */
export interface EventRefusal {
  readonly code: ErrorCode;
  readonly field?: string;
  readonly reason: string;
}

/** Thrown inside of a treatment; its caller gives it back as what became of the event. */
export class RefusedEvent extends Error {
  readonly refusal: EventRefusal;

  constructor(code: ErrorCode, reason: string, field?: string) {
    super('the event is refused');
    this.refusal = { code, reason, ...(field === undefined ? {} : { field }) };
  }
}
