import type { Decision } from '@sdp/shared/contracts';
import { z } from 'zod';
import { wholeNumber } from './environment.ts';

/** Environment variables of the transaction pipeline. */
export const transactionVariables = {
  /** Transactions a minute for each API key. */
  SDP_TRANSACTION_RATE_PER_MINUTE: wholeNumber(120_000, 1, 100_000_000),
  /** Transactions that may wait for their decisions in one API process. */
  SDP_TRANSACTION_MAX_WAITING: wholeNumber(10_000, 1, 1_000_000),
  /** Clients that may follow their decisions in one API process. */
  SDP_TRANSACTION_MAX_STREAMS: wholeNumber(100, 1, 10_000),
  /** After so long a transaction is late. */
  SDP_TRANSACTION_LATENESS: wholeNumber(86_400, 1, 30 * 86_400),
  SDP_TRANSACTION_SNAPSHOT_SECONDS: wholeNumber(60, 1, 86_400),
  /** The mildest decision that raises an alert. */
  SDP_TRANSACTION_ALERTS: z
    .enum(['review', 'decline', 'none'], { error: 'must be review, decline or none' })
    .default('review'),
  SDP_TRANSACTION_RETENTION_DAYS: wholeNumber(400, 15, 36_500),
} as const;

export interface TransactionSettings {
  readonly ratePerMinute: number;
  readonly maxWaiting: number;
  readonly maxStreams: number;
  readonly latenessMs: number;
  readonly snapshotEveryMs: number;
  /** Decisions that raise an alert. */
  readonly alertLevels: readonly Decision[];
  /** Transactions, decisions, alerts and outcomes are forgotten after this. */
  readonly retentionDays: number;
}

const alertLevels = { review: ['REVIEW', 'DECLINE'], decline: ['DECLINE'], none: [] } as const;
const schema = z.object(transactionVariables);

export function transactionSettings(variables: z.output<typeof schema>): TransactionSettings {
  return {
    ratePerMinute: variables.SDP_TRANSACTION_RATE_PER_MINUTE,
    maxWaiting: variables.SDP_TRANSACTION_MAX_WAITING,
    maxStreams: variables.SDP_TRANSACTION_MAX_STREAMS,
    latenessMs: variables.SDP_TRANSACTION_LATENESS * 1_000,
    snapshotEveryMs: variables.SDP_TRANSACTION_SNAPSHOT_SECONDS * 1_000,
    alertLevels: alertLevels[variables.SDP_TRANSACTION_ALERTS],
    retentionDays: variables.SDP_TRANSACTION_RETENTION_DAYS,
  };
}
