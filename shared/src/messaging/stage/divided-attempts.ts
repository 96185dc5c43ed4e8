import { setTimeout as sleep } from 'node:timers/promises';
import { type ErrorCode, SdpError } from '../../errors/index.ts';
import type { DeadLetterReason, RetryPolicy } from '../bus-port.ts';
import { PoisonError } from '../poison-error.ts';

export interface AttemptedMessage {
  readonly key: string;
}

export interface DividedAttemptsOptions<M extends AttemptedMessage, W> {
  readonly handle: (messages: readonly M[], signal: AbortSignal) => Promise<W>;
  readonly retry: RetryPolicy;
  readonly onRetry: (count: number) => void;
}

export interface Attempted<M, W> {
  /** In order of the messages they are of, for each key. */
  readonly works: readonly W[];
  readonly failed: readonly { readonly message: M; readonly reason: DeadLetterReason }[];
}

/** All that a batch may be held up by pauses before a retry: the others of the batch wait for it to be stored. */
const maxPausesMs = 500;

/**
 * Handles messages as one batch and, where that fails for what is no fault of the surroundings, in halves, until whoever is at
 * fault is alone. That one is tried again after a pause while those of other keys have been handled; those of its own key wait.
 *
 * @throws what says that it is retryable, and whatever is thrown once the signal has aborted
 */
export async function attemptDivided<M extends AttemptedMessage, W>(
  messages: readonly M[],
  { handle, retry, onRetry }: DividedAttemptsOptions<M, W>,
  signal: AbortSignal,
): Promise<Attempted<M, W>> {
  const works: W[] = [];
  const failed: { message: M; reason: DeadLetterReason }[] = [];
  const attempts = new Map<M, number>();

  /** @returns messages to be tried again, and those of their keys behind them */
  const round = async (waiting: readonly M[]): Promise<M[]> => {
    const blocked = new Set<string>();
    const again: M[] = [];
    const divide = async (part: readonly M[]): Promise<void> => {
      const ready = part.filter((message) => !blocked.has(message.key));
      again.push(...part.filter((message) => blocked.has(message.key)));
      const [first] = ready;
      if (first === undefined) return;
      try {
        works.push(await handle(ready, signal));
      } catch (error) {
        if (signal.aborted || (error instanceof SdpError && error.retryable)) throw error;
        if (ready.length > 1) {
          const half = Math.ceil(ready.length / 2);
          await divide(ready.slice(0, half));
          await divide(ready.slice(half));
          return;
        }
        const attempt = (attempts.get(first) ?? 0) + 1;
        attempts.set(first, attempt);
        if (error instanceof PoisonError || attempt >= retry.maxAttempts) {
          failed.push({ message: first, reason: { code: codeOf(error), attempts: attempt } });
        } else {
          blocked.add(first.key);
          again.push(first);
        }
      }
    };
    await divide(waiting);
    return again;
  };

  let pausedMs = 0;
  let waiting = messages;
  for (let rounds = 1; waiting.length > 0; rounds++) {
    if (rounds > 1) {
      onRetry(waiting.filter((message) => attempts.has(message)).length);
      const longestMs = Math.min(retry.maxDelayMs, retry.initialDelayMs * 2 ** Math.min(rounds - 2, 30));
      const pauseMs = Math.min(maxPausesMs - pausedMs, Math.random() * longestMs);
      pausedMs += pauseMs;
      if (pauseMs > 0) await sleep(pauseMs, undefined, { signal });
    }
    waiting = await round(waiting);
  }
  return { works, failed };
}

function codeOf(error: unknown): ErrorCode {
  return error instanceof SdpError || error instanceof PoisonError ? error.code : 'internal';
}
