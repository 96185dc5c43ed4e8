import { setTimeout as sleep } from 'node:timers/promises';
import type { RetryPolicy } from '@sdp/shared/messaging';

export const defaultRetry: RetryPolicy = { maxAttempts: 5, initialDelayMs: 200, maxDelayMs: 30_000 };

/** Doubles per failure up to the maximum; the upper half is random, so that consumers don't come back in step. */
export function retryDelayMs(policy: RetryPolicy, failures: number): number {
  const full = Math.min(policy.maxDelayMs, policy.initialDelayMs * 2 ** Math.min(failures - 1, 30));
  return full / 2 + (Math.random() * full) / 2;
}

/** Resolves after `delayMs` or when `signal` aborts, whichever comes first. */
export async function pause(delayMs: number, signal?: AbortSignal): Promise<void> {
  await sleep(delayMs, undefined, { signal, ref: true } as Parameters<typeof sleep>[2]).catch(() => undefined);
}
