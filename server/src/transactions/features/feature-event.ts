import type { Transaction } from '@sdp/shared/contracts';

/** A transaction as the windows take it. */
export interface FeatureEvent {
  readonly tenant: string;
  /** Unique within the tenant. Sent again, it is the same event. */
  readonly transactionId: string;
  /** When it took place, in whole milliseconds since 1970 (UTC). */
  readonly occurredMs: number;
  /** In units of the currency; counted in thousandths. */
  readonly amount: number;
  readonly currency: string;
  readonly customer: string;
  readonly card?: string | undefined;
  readonly terminal: string;
}

/** What a past transaction turned out to be. */
export interface OutcomeEvent {
  readonly tenant: string;
  readonly transactionId: string;
  readonly terminal: string;
  /** From when it was known, in whole milliseconds since 1970 (UTC). */
  readonly knownMs: number;
  readonly fraud: boolean;
}

/** Feature values by name: what one stage works out and the next one completes. */
export type Features = Record<string, number>;

/** A transaction of the contract as the windows take it. */
export function featureEventOf(tenant: string, transaction: Transaction): FeatureEvent {
  const { transaction_id, occurred_at, amount, currency, customer, card, terminal } = transaction;
  return {
    tenant,
    transactionId: transaction_id,
    occurredMs: Date.parse(occurred_at),
    amount,
    currency,
    customer,
    card,
    terminal,
  };
}
