import type { BatchReceivedMessage, ProcessingType } from '@sdp/shared/contracts';
import { type ErrorCode, errorRegistry, RejectedError } from '@sdp/shared/errors';
import {
  type BusPort,
  batchTopic,
  type DeadLetterReason,
  type GenuineMessage,
  PoisonError,
  type ReceivedMessage,
  type RetryPolicy,
  SecureConsumer,
  type SecureConsumerOptions,
} from '@sdp/shared/messaging';
import type { Logger } from 'pino';
import type { Pool } from '../database/index.ts';
import { batchReceivedContract } from './batch-announcer.ts';
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
  /** Keys, policies, audit and metrics of secured messages; applied events where they are stored. */
  readonly messaging: Pick<
    SecureConsumerOptions,
    'security' | 'compliance' | 'access' | 'audit' | 'metrics' | 'applied' | 'partitionOf'
  >;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly retry?: RetryPolicy;
}

export interface BatchWorker {
  readonly consumers: readonly Pick<SecureConsumer, 'health'>[];
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

const hourMs = 3_600_000;
/**
 * A message waits in the outbox, sealed, as long as the bus is away. A copy as old has no effect: the batch is final. What is
 * older than this is refused, and told anew by the resender.
 */
const staleAfterMs = 24 * hourMs;
/** A batch of millions of records is no stall. */
const longestHandlerMs = 12 * hourMs;

/** Consumes `batch.<type>` for each processor. The topics must be there. */
export async function startBatchWorker(options: BatchWorkerOptions): Promise<BatchWorker> {
  const { logger } = options;
  const consumers = options.processors.map((processor) => consumerOf(processor, options));
  try {
    await Promise.all(
      consumers.map(({ consumer, type }) =>
        consumer.run<BatchReceivedMessage>((message) => handle(message, type, options)),
      ),
    );
  } catch (error) {
    await Promise.all(consumers.map(({ consumer }) => consumer.close(0)));
    throw error;
  }
  logger.info({ roles: options.processors.map(({ role }) => role) }, 'batch worker started');
  return {
    consumers: consumers.map(({ consumer }) => consumer),
    close: async (deadlineMs) => {
      await Promise.all(consumers.map(({ consumer }) => consumer.close(deadlineMs)));
      logger.info({}, 'batch worker stopped');
    },
  };
}

function consumerOf({ processingType: type, role }: BatchProcessor, options: BatchWorkerOptions) {
  const { bus, messaging, logger, retry } = options;
  const consumer = new SecureConsumer({
    ...messaging,
    bus,
    group: workerGroup(role),
    logger,
    staleAfterMs,
    watchdog: { longestHandlerMs },
    ...(retry && { consume: { retry } }),
    onFailed: (message, reason) => failBatch(message as GenuineMessage<BatchReceivedMessage>, reason, options),
  });
  consumer.subscribe({ topic: batchTopic(type), contracts: [batchReceivedContract] });
  return { consumer, type };
}

/** @throws {PoisonError} for a message that isn't about the batch which it says it is about */
async function handle(
  message: ReceivedMessage<BatchReceivedMessage>,
  type: ProcessingType,
  { store, runner }: BatchWorkerOptions,
): Promise<void> {
  const { payload, signal, settleIn } = message;
  if (!isConsistent(message) || payload.processing_type !== type) throw new PoisonError('message-tampered');
  const batch = await store.load(payload.batch_id);
  if (batch === undefined) throw new PoisonError('not-found');
  if (batch.clientId !== payload.client_id || batch.processingType !== type) throw new PoisonError('message-tampered');
  await runner.run(payload.batch_id, { signal, settleIn: async (tx) => settleIn(tx) });
}

/** What the message says inside must be what it was sealed for outside. */
function isConsistent({ key, tenant, eventId, payload }: GenuineMessage<BatchReceivedMessage>): boolean {
  return payload.batch_id === key && payload.client_id === tenant && payload.event_id === eventId;
}

/**
 * A batch whose message was given up will not be processed: says so where its owner looks. A message that was refused says
 * nothing to be relied on, or a stranger could fail any batch: such a batch keeps waiting, and its message is sent anew.
 */
async function failBatch(
  message: GenuineMessage<BatchReceivedMessage>,
  reason: DeadLetterReason,
  { pool, store, logger }: BatchWorkerOptions,
): Promise<void> {
  const { batch_id: batchId, client_id: clientId } = message.payload;
  if (!isConsistent(message)) return;
  try {
    const batch = await store.load(batchId);
    if (batch === undefined || isFinal(batch) || batch.clientId !== clientId) return;
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
