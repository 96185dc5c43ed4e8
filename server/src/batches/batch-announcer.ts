import { randomUUID } from 'node:crypto';
import { type BatchReceivedMessage, batchReceivedMessageSchema } from '@sdp/shared/contracts';
import {
  batchTopic,
  type MessageSealer,
  type OutgoingMessage,
  type PayloadContract,
  type SqlTransaction,
} from '@sdp/shared/messaging';
import type { StoredBatch } from './stored-batch.ts';

/** On topic `batch.<processing_type>`, by batch id; the tenant is the client. */
export const batchReceivedContract: PayloadContract<BatchReceivedMessage> = {
  name: 'batch.received',
  version: 1,
  schema: batchReceivedMessageSchema,
};

/** What the message about a batch says of it. */
export type AnnouncedBatch = Pick<
  StoredBatch,
  'batchId' | 'clientId' | 'processingType' | 'recordCount' | 'receivedAt'
>;

/** Tells the worker of a batch, inside the transaction that writes what it is told. Told twice, the batch is processed once. */
export type AnnounceBatch = (transaction: SqlTransaction, batch: AnnouncedBatch) => Promise<void>;

/** Puts the message, sealed, where it goes out once the transaction commits. */
export function createBatchAnnouncer(
  sealer: MessageSealer,
  enqueue: (transaction: SqlTransaction, topic: string, message: OutgoingMessage) => Promise<void>,
): AnnounceBatch {
  return async (transaction, batch) => {
    const topic = batchTopic(batch.processingType);
    const eventId = randomUUID();
    const payload: BatchReceivedMessage = {
      type: 'batch.received',
      version: 1,
      event_id: eventId,
      batch_id: batch.batchId,
      client_id: batch.clientId,
      processing_type: batch.processingType,
      record_count: batch.recordCount,
      received_at: batch.receivedAt.toISOString(),
    };
    sealer.assertWritable(topic);
    const prepared = sealer.prepare(topic, {
      ...{ key: batch.batchId, contract: batchReceivedContract, payload, eventId, tenant: batch.clientId },
    });
    for (const message of await sealer.seal([prepared])) await enqueue(transaction, topic, message);
  };
}
