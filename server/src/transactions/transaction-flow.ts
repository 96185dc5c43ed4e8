import {
  type TransactionDecided,
  type TransactionEmbedded,
  type TransactionEnriched,
  type TransactionOutcomeKnown,
  type TransactionReceived,
  transactionDecidedSchema,
  transactionEmbeddedSchema,
  transactionEnrichedSchema,
  transactionOutcomeKnownSchema,
  transactionReceivedSchema,
} from '@sdp/shared/contracts';
import type { PayloadContract } from '@sdp/shared/messaging';

/** Topics that a transaction passes, in this order. */
export const transactionTopics = {
  ingest: 'transaction.ingest',
  embedded: 'transaction.embedded',
  fraud: 'transaction.fraud',
  results: 'fraud.results',
} as const;

/** Stages, in this order; each is a worker role and a consumer group of its own. */
export const transactionStages = ['enrich', 'embed', 'score', 'decide'] as const;
export type TransactionStage = (typeof transactionStages)[number];

/** Consumer group of a stage. */
export function stageGroup(stage: TransactionStage): string {
  return `sdp-transaction-${stage}`;
}

/** Topic that a stage reads. */
export const stageTopics: Readonly<Record<TransactionStage, string>> = {
  enrich: transactionTopics.ingest,
  embed: transactionTopics.embedded,
  score: transactionTopics.fraud,
  decide: transactionTopics.results,
};

export const receivedContract: PayloadContract<TransactionReceived> = {
  name: 'transaction.received',
  version: 1,
  schema: transactionReceivedSchema,
};
export const enrichedContract: PayloadContract<TransactionEnriched> = {
  name: 'transaction.enriched',
  version: 1,
  schema: transactionEnrichedSchema,
};
export const outcomeContract: PayloadContract<TransactionOutcomeKnown> = {
  name: 'transaction.outcome',
  version: 1,
  schema: transactionOutcomeKnownSchema,
};
export const embeddedContract: PayloadContract<TransactionEmbedded> = {
  name: 'transaction.embedded',
  version: 1,
  schema: transactionEmbeddedSchema,
};
export const decidedContract: PayloadContract<TransactionDecided> = {
  name: 'transaction.decided',
  version: 1,
  schema: transactionDecidedSchema,
};

/** Keys of messages: what shares one keeps its order and its worker. */
export function messageKey(clientId: string, name: string): string {
  return `${clientId}/${name}`;
}

/**
 * Messages that a stage takes at once: about ten milliseconds of work, which everybody else in the process waits for. More in a
 * batch would save next to nothing.
 */
export const stageBatchMessages = 128;
