import { SdpError } from '@sdp/shared/errors';

export type CheckStatus = 'ok' | 'warn' | 'fail' | 'skipped';

/** Outcome of one check. Names no value, token or key. */
export interface Check {
  /** What was looked at, the same in every version: scripts may look for it. */
  readonly name: string;
  readonly status: CheckStatus;
  /** What was found, in a few words. */
  readonly found: string;
  /** What to do about it. */
  readonly remedy?: string;
}

export const ok = (name: string, found: string): Check => ({ name, status: 'ok', found });
export const skipped = (name: string, found: string): Check => ({ name, status: 'skipped', found });
export const warn = (name: string, found: string, remedy: string): Check => ({ name, status: 'warn', found, remedy });
export const fail = (name: string, found: string, remedy: string): Check => ({ name, status: 'fail', found, remedy });

/** A failure of the product's own, as the outcome of a check. @throws what isn't one */
export function failOf(name: string, error: unknown): Check {
  if (!(error instanceof SdpError) || error.kind === 'interrupted') throw error;
  const causes = (error.details.findings ?? []).map(({ field, message }) => `${field ?? ''}: ${message}`);
  return fail(name, [error.message, ...causes].join('; '), error.remedy);
}
