import { z } from 'zod';
import {
  decidedTransactionSchema,
  identifierTokenSchema,
  transactionIdSchema,
  transactionSchema,
} from './transaction.ts';

// Each is the payload of one contract on the bus. A change needs a new version that still reads what was written before;
// the tenant stands in the message's envelope, not here.

const milliseconds = z.int().min(0).max(8.64e15);

/** `transaction.ingest`, contract `transaction.received`, by customer. */
export const transactionReceivedSchema = z.strictObject({
  transaction: transactionSchema,
  /** Milliseconds since 1970 (UTC), by the API's clock. */
  received_ms: milliseconds,
});
export type TransactionReceived = z.infer<typeof transactionReceivedSchema>;

/**
 * What a stage has worked out, by place: as many numbers as the stage has features, null for one that doesn't apply. Names would
 * be four fifths of the message.
 */
const featureValuesSchema = z.array(z.number().nullable()).max(200);
/** Names, meaning and order of features are those of this set. */
const featureSetIdSchema = z.string().max(40);

/** `transaction.embedded`, contract `transaction.enriched`, by terminal: what its customer and card have done before. */
export const transactionEnrichedSchema = transactionReceivedSchema.extend({
  occurred_ms: milliseconds,
  late: z.boolean(),
  feature_set: featureSetIdSchema,
  customer_features: featureValuesSchema,
});
export type TransactionEnriched = z.infer<typeof transactionEnrichedSchema>;

/** `transaction.embedded`, contract `transaction.outcome`, by terminal: what a past transaction turned out to be. */
export const transactionOutcomeKnownSchema = z.strictObject({
  transaction_id: transactionIdSchema,
  terminal: identifierTokenSchema,
  occurred_ms: milliseconds,
  known_ms: milliseconds,
  fraud: z.boolean(),
});
export type TransactionOutcomeKnown = z.infer<typeof transactionOutcomeKnownSchema>;

/** `transaction.fraud`, contract `transaction.embedded`, by transaction: and what happened at its terminal. */
export const transactionEmbeddedSchema = transactionEnrichedSchema.extend({
  terminal_features: featureValuesSchema,
});
export type TransactionEmbedded = z.infer<typeof transactionEmbeddedSchema>;

/** `fraud.results`, contract `transaction.decided`, by transaction. */
export const transactionDecidedSchema = z.strictObject({
  result: decidedTransactionSchema,
  terminal: identifierTokenSchema,
  occurred_ms: milliseconds,
  /** What a model that is only watched would have decided. */
  shadow: z
    .strictObject({ model_version: z.string().max(100), score: z.number().min(0).max(1), decision: z.string().max(10) })
    .optional(),
  /** `champion` or `challenger`, where traffic is split. */
  arm: z.enum(['champion', 'challenger']),
  /** Of customers: what comparisons of models take for independent. */
  split_group: z.int().min(0).max(1_023).optional(),
});
export type TransactionDecided = z.infer<typeof transactionDecidedSchema>;
