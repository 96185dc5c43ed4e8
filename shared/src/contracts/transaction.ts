import { z } from 'zod';

/** An identifier that a client has replaced: `tok_` and 32 lower-case hex digits. */
export const identifierTokenSchema = z
  .string()
  .regex(/^tok_[0-9a-f]{32}$/, 'a token: tok_ and 32 lower-case hex digits')
  .meta({ id: 'IdentifierToken' });

/** The sender's own name for a transaction, unique within the client. Sent again, it is the same transaction. */
export const transactionIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'letters, digits, ".", "_" and "-", at most 64')
  .meta({ id: 'TransactionId' });

export const transactionChannels = ['card_present', 'online', 'atm', 'transfer'] as const;

/** A payment to be decided on. Who is in it appears as tokens only. */
export const transactionSchema = z
  .strictObject({
    transaction_id: transactionIdSchema,
    /** When it took place, by the sender's clock; with an offset from UTC. */
    occurred_at: z.iso.datetime({ offset: true }),
    /** In units of the currency, such as 12.5; up to 10^12. */
    amount: z.number().min(0).max(1e12),
    /** ISO 4217, such as EUR. */
    currency: z.string().regex(/^[A-Z]{3}$/, 'three capital letters of ISO 4217'),
    customer: identifierTokenSchema,
    card: identifierTokenSchema.optional(),
    /** Where it took place: a terminal, a merchant or a web shop. */
    terminal: identifierTokenSchema,
    channel: z.enum(transactionChannels).optional(),
    /** Country of the terminal, ISO 3166-1 alpha-2. */
    country: z
      .string()
      .regex(/^[A-Z]{2}$/, 'two capital letters of ISO 3166-1')
      .optional(),
    /** Merchant category code, ISO 18245. */
    merchant_category: z
      .string()
      .regex(/^\d{4}$/, 'four digits of ISO 18245')
      .optional(),
  })
  .meta({ id: 'Transaction' });
export type Transaction = z.infer<typeof transactionSchema>;

export const decisions = ['APPROVE', 'REVIEW', 'DECLINE'] as const;
export const decisionSchema = z.enum(decisions).meta({ id: 'Decision' });
export type Decision = z.infer<typeof decisionSchema>;

/** Why a decision came out as it did: rules that hit first, then the features that moved the score most. */
export const reasonSchema = z
  .strictObject({
    kind: z.enum(['rule', 'feature']),
    /** Name of the rule or the feature. */
    code: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/),
    /** A sentence for people, without identifiers. */
    text: z.string().max(300),
    /** By how much it raised the score (lowered, where negative); null where a rule decides by itself. */
    contribution: z.number().min(-1).max(1).nullable(),
  })
  .meta({ id: 'DecisionReason' });
export type DecisionReason = z.infer<typeof reasonSchema>;

export const decidedTransactionSchema = z
  .strictObject({
    transaction_id: transactionIdSchema,
    status: z.literal('DECIDED'),
    decision: decisionSchema,
    /** 0 (harmless) to 1 (fraud). */
    score: z.number().min(0).max(1),
    model_version: z.string().max(100),
    reasons: z.array(reasonSchema).max(20),
    /** It arrived later than the allowed lateness. */
    late: z.boolean(),
    received_at: z.iso.datetime(),
    decided_at: z.iso.datetime(),
  })
  .meta({ id: 'DecidedTransaction' });
export type DecidedTransaction = z.infer<typeof decidedTransactionSchema>;

export const pendingTransactionSchema = z
  .strictObject({
    transaction_id: transactionIdSchema,
    status: z.literal('PENDING'),
    /** Path that will have the decision. */
    url: z.string().max(300),
    received_at: z.iso.datetime(),
  })
  .meta({ id: 'PendingTransaction' });
export type PendingTransaction = z.infer<typeof pendingTransactionSchema>;

export const transactionAnswerSchema = z
  .discriminatedUnion('status', [decidedTransactionSchema, pendingTransactionSchema])
  .meta({ id: 'TransactionAnswer' });
export type TransactionAnswer = z.infer<typeof transactionAnswerSchema>;

/** `POST /api/v1/transactions` with several: up to 1,000, each decided by itself. */
export const transactionsRequestSchema = z
  .strictObject({ transactions: z.array(transactionSchema).min(1).max(1_000) })
  .meta({ id: 'TransactionsRequest' });

/** In the order of the request. */
export const transactionsAnswerSchema = z
  .strictObject({ transactions: z.array(transactionAnswerSchema) })
  .meta({ id: 'TransactionsAnswer' });

/** `POST /api/v1/transactions/{id}/outcome`: what it turned out to be, once a bank knows. Terminals are judged by it. */
export const transactionOutcomeSchema = z
  .strictObject({ fraud: z.boolean(), known_at: z.iso.datetime({ offset: true }).optional() })
  .meta({ id: 'TransactionOutcome' });
export type TransactionOutcome = z.infer<typeof transactionOutcomeSchema>;

/** What stands of an outcome. It is final: reported again it is the same, another one is refused. */
export const storedOutcomeSchema = z
  .strictObject({
    transaction_id: transactionIdSchema,
    fraud: z.boolean(),
    known_at: z.iso.datetime(),
    reported_at: z.iso.datetime(),
  })
  .meta({ id: 'StoredOutcome' });
export type StoredOutcome = z.infer<typeof storedOutcomeSchema>;

/** A decision that somebody should look at. */
export const fraudAlertSchema = z
  .strictObject({
    alert_id: z.string().regex(/^\d{1,19}$/),
    transaction_id: transactionIdSchema,
    level: z.enum(['REVIEW', 'DECLINE']),
    score: z.number().min(0).max(1),
    model_version: z.string().max(100),
    reasons: z.array(reasonSchema).max(20),
    raised_at: z.iso.datetime(),
  })
  .meta({ id: 'FraudAlert' });
export type FraudAlert = z.infer<typeof fraudAlertSchema>;

/** Newest first. */
export const fraudAlertListSchema = z
  .strictObject({ alerts: z.array(fraudAlertSchema), next_cursor: z.string().max(200).nullable() })
  .meta({ id: 'FraudAlertList' });
export type FraudAlertList = z.infer<typeof fraudAlertListSchema>;
