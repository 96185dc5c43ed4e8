import { SdpError, UnavailableError } from '@sdp/shared/errors';

/** Connection exceptions, too many connections, shutdown, and a server that is starting (PostgreSQL, appendix A). */
const unavailableStates = /^(08...|53300|57P0[1-3])$/;
const networkCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EPIPE', 'ENOENT']);
/** The driver gives these no code. */
const driverMessages =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Cannot use a pool after)/;

export function sqlStateOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  if (sqlStateOf(error) !== '23505') return false;
  return constraint === undefined || (error as { constraint?: string }).constraint === constraint;
}

/**
 * Turns "the database isn't there" into {@link UnavailableError}; anything else comes back as it was. The cause is left
 * out: a message of PostgreSQL may quote a value.
 */
export function asDatabaseError(error: unknown): unknown {
  if (error instanceof SdpError || !(error instanceof Error)) return error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (unavailableStates.test(code) || networkCodes.has(code) || driverMessages.test(error.message)) {
    return new UnavailableError('database-unavailable');
  }
  return error;
}
