import { randomBytes } from 'node:crypto';
import type { TransactionDecided, TransactionEmbedded } from '@sdp/shared/contracts';
import type { StageMessage, StagePlan } from '@sdp/shared/messaging';
import type { Scored, ScoringInput } from '../ensemble/index.ts';
import { type Features, featureSet, toVector } from '../features/index.ts';
import {
  decidedContract,
  embeddedContract,
  messageKey,
  stageBatchMessages,
  transactionTopics,
} from '../transaction-flow.ts';
import { customerFeatures, terminalFeatures } from './packed-features.ts';
import type { StageMetrics } from './stage-metrics.ts';

/** A decision, and by which model it was made. */
export interface ScoredTransaction {
  readonly scored: Pick<Scored, 'score' | 'decision' | 'reasons'>;
  readonly modelVersion: string;
  readonly arm: 'champion' | 'challenger';
  /** One of 1,024 groups of split keys. */
  readonly splitGroup?: number;
  /** What a model that is only watched would have decided. */
  readonly shadow?: { readonly scored: Pick<Scored, 'score' | 'decision'>; readonly modelVersion: string };
}

/** Scores transactions, each by one model. */
export interface TransactionScorer {
  /** @param inputs those of one `splitKey` get the same arm */
  scoreBatch(inputs: readonly (ScoringInput & { readonly splitKey: string })[]): Promise<readonly ScoredTransaction[]>;
}

export interface ScoreStageOptions {
  readonly scorer: TransactionScorer;
  readonly metrics: StageMetrics;
}

/** The third stage: decides. */
export function scoreStage({ scorer, metrics }: ScoreStageOptions): StagePlan<TransactionEmbedded> {
  return {
    topic: transactionTopics.fraud,
    maxBatchMessages: stageBatchMessages,
    contracts: [embeddedContract],
    handle: async (messages) => {
      const startedAt = performance.now();
      const inputs = messages.flatMap((message) => inputOf(message) ?? []);
      // Another program's features: the models here don't know what they mean.
      const known = new Set(inputs.map(({ message }) => message));
      const unknown = messages.filter((message) => !known.has(message));
      const scored = await scorer.scoreBatch(inputs);
      const decidedAt = new Date().toISOString();
      const attempt = randomBytes(6).toString('base64url');
      const sendings = inputs.map(({ message: { tenant, payload, trace } }, i) => ({
        key: messageKey(tenant, payload.transaction.transaction_id),
        contract: decidedContract,
        payload: decidedOf(payload, scored[i] as ScoredTransaction, decidedAt),
        // Scored once more after a crash, it is another result, maybe of another model: the first one in the log counts.
        eventId: `${payload.transaction.transaction_id}:r:${attempt}`,
        tenant,
        trace,
      }));
      metrics.batch('score', messages.length, (performance.now() - startedAt) / 1_000);
      return {
        outputs: [{ topic: transactionTopics.results, sendings }],
        failed: unknown.map((message) => ({ message, code: 'message-invalid' as const })),
      };
    },
  };
}

function inputOf(message: StageMessage<TransactionEmbedded>) {
  const { tenant, payload } = message;
  const { transaction, customer_features: ofCustomer, terminal_features: ofTerminal } = payload;
  const features: Features = {};
  const isWhole = customerFeatures.unpack(ofCustomer, features) && terminalFeatures.unpack(ofTerminal, features);
  if (payload.feature_set !== featureSet.id || !isWhole) return undefined;
  return {
    message,
    transaction,
    features,
    vector: toVector(features, transaction),
    splitKey: messageKey(tenant, transaction.customer),
  };
}

function decidedOf(
  { transaction, late, received_ms: receivedMs, occurred_ms: occurredMs }: TransactionEmbedded,
  { scored, modelVersion, arm, splitGroup, shadow }: ScoredTransaction,
  decidedAt: string,
): TransactionDecided {
  const { decision, score, reasons } = scored;
  return {
    result: {
      transaction_id: transaction.transaction_id,
      status: 'DECIDED',
      decision,
      score,
      model_version: modelVersion,
      reasons: [...reasons],
      late,
      received_at: new Date(receivedMs).toISOString(),
      decided_at: decidedAt,
    },
    terminal: transaction.terminal,
    occurred_ms: occurredMs,
    arm,
    ...(splitGroup !== undefined && { split_group: splitGroup }),
    ...(shadow && {
      shadow: { model_version: shadow.modelVersion, score: shadow.scored.score, decision: shadow.scored.decision },
    }),
  };
}
