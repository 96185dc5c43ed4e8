import type { TransactionReceived } from '@sdp/shared/contracts';
import type { StageMessage, StagePlan, StageSending } from '@sdp/shared/messaging';
import { CustomerWindows, featureEventOf, featureSet, horizonAt } from '../features/index.ts';
import type { StageState } from '../state/stage-state.ts';
import type { WindowShards, WindowsKind } from '../state/window-shards.ts';
import {
  enrichedContract,
  messageKey,
  receivedContract,
  stageBatchMessages,
  transactionTopics,
} from '../transaction-flow.ts';
import { customerFeatures } from './packed-features.ts';
import type { StageMetrics } from './stage-metrics.ts';

export const customerState: WindowsKind<CustomerWindows> = {
  stage: 'enrich',
  format: `${featureSet.id}-customer-1`,
  create: () => new CustomerWindows(),
  restore: (bytes) => CustomerWindows.restore(bytes),
};

export interface EnrichStageOptions {
  readonly state: StageState<CustomerWindows>;
  readonly metrics: StageMetrics;
  /** A transaction that is taken longer after it took place is late. */
  readonly latenessMs: number;
}

type Message = StageMessage<TransactionReceived>;

/** The first stage: finds out what is late, and what customer and card have done before. */
export function enrichStage({ state, metrics, latenessMs }: EnrichStageOptions): StagePlan<TransactionReceived> {
  const horizonOf = (nowMs: number) => horizonAt(nowMs, latenessMs);

  const add = (shards: WindowShards<CustomerWindows>, { tenant, offset, payload }: Message) => {
    const { transaction, received_ms: receivedMs } = payload;
    const event = featureEventOf(tenant, transaction);
    const added = shards.of(messageKey(tenant, transaction.customer)).add(event);
    return { ...added, event, note: () => shards.note(offset, receivedMs, messageKey(tenant, event.transactionId)) };
  };

  const handleOne = (message: Message): StageSending | undefined => {
    const { tenant, partition, offset, payload, trace, replayOf } = message;
    const { transaction, received_ms: receivedMs } = payload;
    const shards = state.of(partition);
    const name = messageKey(tenant, transaction.transaction_id);
    const { features, isRepeat, event, note } = add(shards, message);
    // What was counted from another message has gone on from there; from this very one, it was not stored yet.
    if (isRepeat && replayOf === undefined && !shards.isSamePlace(name, offset)) {
      metrics.repeats('enrich', 1);
      return undefined;
    }
    note();
    const late = receivedMs - event.occurredMs > latenessMs;
    if (late) metrics.late();
    return {
      key: messageKey(tenant, transaction.terminal),
      contract: enrichedContract,
      payload: {
        transaction,
        received_ms: receivedMs,
        occurred_ms: event.occurredMs,
        late,
        feature_set: featureSet.id,
        customer_features: customerFeatures.pack(features),
      },
      eventId: `${transaction.transaction_id}:e`,
      tenant,
      trace,
    };
  };

  return {
    topic: transactionTopics.ingest,
    maxBatchMessages: stageBatchMessages,
    contracts: [receivedContract],
    handle: async (messages) => {
      const startedAt = performance.now();
      const sendings = messages.flatMap((message) => handleOne(message) ?? []);
      for (const partition of new Set(messages.map((message) => message.partition)))
        state.of(partition).evictSome(horizonOf);
      metrics.batch('enrich', messages.length, (performance.now() - startedAt) / 1_000);
      return { outputs: [{ topic: transactionTopics.embedded, sendings }] };
    },
    restore: (partition, nextOffset, read) =>
      state.restore(partition, nextOffset, read, (shards, message) => {
        const { isRepeat, note } = add(shards, message);
        if (!isRepeat) note();
      }),
    settled: (partition, nextOffset) => state.settled(partition, nextOffset),
    drop: (partition) => state.drop(partition),
  };
}
