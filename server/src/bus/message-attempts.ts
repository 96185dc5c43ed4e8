import { SdpError } from '@sdp/shared/errors';
import {
  type BusMessage,
  type DeadLetterReason,
  type MessageHandler,
  PoisonError,
  type RetryPolicy,
  type SqlTransaction,
} from '@sdp/shared/messaging';
import type { BusLogger } from './bus-logger.ts';
import { pause, retryDelayMs } from './retry.ts';

export type AttemptsResult =
  /** `settled`: the handler's own transaction has moved the offset. */
  | { readonly outcome: 'handled'; readonly settled: boolean }
  /** No attempt is left, or none would help. */
  | { readonly outcome: 'failed'; readonly reason: DeadLetterReason }
  /** The signal aborted; the message stays where it is. */
  | { readonly outcome: 'abandoned' };

export interface AttemptsOptions {
  readonly handler: MessageHandler;
  readonly retry: RetryPolicy;
  readonly signal: AbortSignal;
  /** Returns whether the offset now stands in the transaction. */
  readonly settleIn: (transaction: SqlTransaction) => Promise<boolean>;
  readonly logger: BusLogger;
  /** Runs one attempt; where attempts at other messages run beside this one, once there is room. A pause holds no room. */
  readonly run: (attempt: () => Promise<void>) => Promise<void>;
}

/**
 * Hands one message to its handler until it succeeds, fails for good or the signal aborts. An error that says it is
 * retryable (the database is away) speaks of the surroundings, not of the message: it is retried without end, or an outage
 * would send every message to the dead letters.
 */
export async function attemptMessage(message: BusMessage, options: AttemptsOptions): Promise<AttemptsResult> {
  const { handler, retry, signal, logger } = options;
  let failures = 0;
  for (let attempt = 1; !signal.aborted; attempt++) {
    let settled = false;
    const settleIn = async (transaction: SqlTransaction) => {
      settled = await options.settleIn(transaction);
    };
    try {
      await options.run(() => handler({ message, attempt, signal, settleIn }));
      return { outcome: 'handled', settled };
    } catch (error) {
      if (signal.aborted) break;
      const code = codeOf(error);
      if (!(error instanceof SdpError && error.retryable)) failures++;
      if (error instanceof PoisonError || failures >= retry.maxAttempts) {
        return { outcome: 'failed', reason: { code, attempts: attempt } };
      }
      const { topic, partition, offset } = message;
      logger.warn({ topic, partition, offset: String(offset), attempt, code }, 'message will be tried again');
      await pause(retryDelayMs(retry, Math.min(attempt, 30)), signal);
    }
  }
  return { outcome: 'abandoned' };
}

export function codeOf(error: unknown): DeadLetterReason['code'] {
  return error instanceof SdpError || error instanceof PoisonError ? error.code : 'internal';
}
