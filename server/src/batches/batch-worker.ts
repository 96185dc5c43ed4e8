import { type BatchReceivedMessage, batchReceivedMessageSchema } from '@sdp/shared/contracts';
import { type ErrorCode, errorRegistry, RejectedError } from '@sdp/shared/errors';
import {
  type BusMessage,
  type BusPort,
  batchTopic,
  type DeadLetterReason,
  type Delivery,
  PoisonError,
  type RetryPolicy,
} from '@sdp/shared/messaging';
import type { Logger } from 'pino';
import type { Pool } from '../database/index.ts';
import type { BatchRunner } from './batch-runner.ts';
import type { BatchStore } from './batch-store.ts';
import { isFinal, writeFailure } from './batch-worker-transaction.ts';
import type { BatchProcessor } from './processor.ts';

export interface BatchWorkerOptions {
  readonly bus: BusPort;
  readonly pool: Pool;
  readonly store: BatchStore;
  readonly runner: BatchRunner;
  /** Those whose batches this process takes. */
  readonly processors: readonly BatchProcessor[];
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly retry?: RetryPolicy;
}

export interface BatchWorker {
  /**
   * Takes no further batch, waits for those in hand up to `deadlineMs`, then aborts them. An aborted batch shows as
   * PROCESSING until a worker picks its message up again; nothing of its results is visible before it is PROCESSED.
   */
  close(deadlineMs?: number): Promise<void>;
}

/** Consumer group of a worker role. */
export function workerGroup(role: string): string {
  return `sdp-${role}`;
}

/** Consumes `batch.<type>` for each processor. The topics must be there. */
export async function startBatchWorker(options: BatchWorkerOptions): Promise<BatchWorker> {
  const { bus, runner, logger, retry } = options;
  const consumers = await Promise.all(
    options.processors.map(({ processingType, role }) =>
      bus.consume({
        topic: batchTopic(processingType),
        group: workerGroup(role),
        handler: async (delivery) => {
          const message = parseMessage(delivery.message);
          if (message.processing_type !== processingType) throw new PoisonError('message-tampered');
          await handle(delivery, message, runner, options.store);
        },
        ...(retry === undefined ? {} : { retry }),
        onDeadLetter: (message, reason) => failBatch(message, reason, options),
      }),
    ),
  );
  logger.info({ roles: options.processors.map(({ role }) => role) }, 'batch worker started');
  return {
    close: async (deadlineMs) => {
      await Promise.all(consumers.map((consumer) => consumer.close(deadlineMs)));
      logger.info({}, 'batch worker stopped');
    },
  };
}

async function handle(
  { signal, settleIn }: Delivery,
  message: BatchReceivedMessage,
  runner: BatchRunner,
  store: BatchStore,
): Promise<void> {
  // Another client's batch, or another kind of batch, under a forged or mixed-up message.
  const batch = await store.load(message.batch_id);
  if (batch === undefined) throw new PoisonError('not-found');
  if (batch.clientId !== message.client_id || batch.processingType !== message.processing_type) {
    throw new PoisonError('message-tampered');
  }
  await runner.run(message.batch_id, { signal, settleIn: async (tx) => settleIn(tx) });
}

/** @throws {PoisonError} `message-tampered` for anything that isn't the contract's message under its own key */
function parseMessage({ key, value }: BusMessage): BatchReceivedMessage {
  const message = batchReceivedMessageSchema.safeParse(parseJson(value));
  if (!message.success || message.data.batch_id !== key) throw new PoisonError('message-tampered');
  return message.data;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // The parser's own message may quote the input.
    return undefined;
  }
}

/** A batch whose message went to the dead letters will not be processed: says so where its owner looks. */
async function failBatch(
  message: BusMessage,
  reason: DeadLetterReason,
  { pool, store, logger }: BatchWorkerOptions,
): Promise<void> {
  const parsed = batchReceivedMessageSchema.safeParse(parseJson(message.value));
  if (!parsed.success) return;
  const batchId = parsed.data.batch_id;
  try {
    const batch = await store.load(batchId);
    if (batch === undefined || isFinal(batch) || batch.clientId !== parsed.data.client_id) return;
    await writeFailure(pool, store, batch, async () => undefined, { code: reason.code, message: titleOf(reason) });
  } catch (error) {
    // A row that is itself tampered with can't be marked; an operator finds it by this line and the dead letter.
    if (!(error instanceof RejectedError) && !isTampered(error)) throw error;
    logger.error({ batchId, code: 'record-tampered' }, 'batch could not be marked as failed');
  }
}

function titleOf({ code }: DeadLetterReason): string {
  return Object.hasOwn(errorRegistry, code) ? errorRegistry[code as ErrorCode].title : errorRegistry.internal.title;
}

function isTampered(error: unknown): boolean {
  return error instanceof Error && (error as { code?: unknown }).code === 'record-tampered';
}
