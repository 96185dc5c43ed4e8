import type { ErrorCode } from '../errors/index.ts';

/** Thrown by a handler for a message that no retry can help: it goes to the dead letters at once. */
export class PoisonError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, cause?: unknown) {
    super(`message cannot be handled: ${code}`, cause === undefined ? undefined : { cause });
    this.name = 'PoisonError';
    this.code = code;
  }
}
