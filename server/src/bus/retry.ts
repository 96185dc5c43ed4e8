import { setTimeout as sleep } from 'node:timers/promises';
import type { RetryPolicy } from '@sdp/shared/messaging';

export const defaultRetry: RetryPolicy = { maxAttempts: 5, initialDelayMs: 200, maxDelayMs: 30_000 };

/**
 * Exponential backoff with full jitter: anything from nothing to the delay that doubles per failure up to the maximum. Of the
 * kinds of jitter it makes the fewest calls meet (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
 */
export function retryDelayMs(policy: RetryPolicy, failures: number): number {
  const full = Math.min(policy.maxDelayMs, policy.initialDelayMs * 2 ** Math.min(failures - 1, 30));
  return Math.random() * full;
}

/** Resolves after `delayMs` or when `signal` aborts, whichever comes first. */
export async function pause(delayMs: number, signal?: AbortSignal): Promise<void> {
  await sleep(delayMs, undefined, { signal, ref: true } as Parameters<typeof sleep>[2]).catch(() => undefined);
}
