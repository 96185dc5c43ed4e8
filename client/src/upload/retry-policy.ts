import { SdpError } from '@sdp/shared/errors';
import { DelegateBackoff, handleWhen, type RetryPolicy, retry } from 'cockatiel';

export interface RetryOptions {
  /** Retries after the first attempt. */
  readonly maxRetries: number;
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
  /** A server may ask for this much patience; a longer `Retry-After` ends the command. */
  readonly maxRetryAfterSeconds: number;
}

export const defaultRetry: RetryOptions = {
  maxRetries: 6,
  initialDelayMs: 500,
  maxDelayMs: 30_000,
  maxRetryAfterSeconds: 300,
};

/**
 * Retries what may go well later: exponential backoff with full jitter (so that many clients don't come back at once),
 * never sooner than `Retry-After` says.
 */
export function retryPolicy(options: RetryOptions, onRetry?: (error: SdpError, delayMs: number) => void): RetryPolicy {
  const policy = retry(
    handleWhen(
      (error) => error instanceof SdpError && error.retryable && retryAfter(error) <= options.maxRetryAfterSeconds,
    ),
    {
      maxAttempts: options.maxRetries,
      backoff: new DelegateBackoff(({ attempt, result }) => {
        const ceiling = Math.min(options.maxDelayMs, options.initialDelayMs * 2 ** (attempt - 1));
        const asked = 'error' in result && result.error instanceof SdpError ? retryAfter(result.error) * 1_000 : 0;
        return asked + Math.random() * ceiling;
      }),
    },
  );
  policy.onRetry((event) => {
    if ('error' in event && event.error instanceof SdpError) onRetry?.(event.error, event.delay);
  });
  return policy;
}

function retryAfter(error: SdpError): number {
  return error.details.retryAfterSeconds ?? 0;
}
