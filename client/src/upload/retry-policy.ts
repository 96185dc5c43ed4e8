import { SdpError } from '@sdp/shared/errors';
import { DelegateBackoff, handleWhen, retry } from 'cockatiel';

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

export interface RetryRun {
  readonly options: RetryOptions;
  readonly signal: AbortSignal;
  /** Told before each wait. */
  readonly onRetry?: ((error: SdpError, delayMs: number) => void) | undefined;
}

/**
 * Retries what may go well later: exponential backoff with full jitter (so that many clients don't come back at once),
 * never sooner than `Retry-After` says. An abort ends a wait at once.
 */
export async function retrying<T>(operation: () => Promise<T>, { options, signal, onRetry }: RetryRun): Promise<T> {
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
    // The policy's own timer doesn't end on an abort, so it must not keep the process; `awake` does that instead.
  ).dangerouslyUnref();
  policy.onRetry((event) => {
    if ('error' in event && event.error instanceof SdpError) onRetry?.(event.error, event.delay);
  });
  signal.throwIfAborted();
  const awake = setInterval(() => undefined, 60_000);
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([policy.execute(operation, signal), aborted]);
  } finally {
    clearInterval(awake);
    signal.removeEventListener('abort', onAbort);
  }
}

function retryAfter(error: SdpError): number {
  return error.details.retryAfterSeconds ?? 0;
}
