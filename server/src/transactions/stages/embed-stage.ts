import type { TransactionEnriched, TransactionOutcomeKnown } from '@sdp/shared/contracts';
import type { StageMessage, StagePlan, StageSending } from '@sdp/shared/messaging';
import { featureEventOf, featureSet, horizonAt, TerminalWindows } from '../features/index.ts';
import type { StageState } from '../state/stage-state.ts';
import type { WindowShards, WindowsKind } from '../state/window-shards.ts';
import {
  embeddedContract,
  enrichedContract,
  messageKey,
  outcomeContract,
  stageBatchMessages,
  transactionTopics,
} from '../transaction-flow.ts';
import { terminalFeatures } from './packed-features.ts';
import type { StageMetrics } from './stage-metrics.ts';

export const terminalState: WindowsKind<TerminalWindows> = {
  stage: 'embed',
  format: `${featureSet.id}-terminal-1`,
  create: () => new TerminalWindows(),
  restore: (bytes) => TerminalWindows.restore(bytes),
};

export interface EmbedStageOptions {
  readonly state: StageState<TerminalWindows>;
  readonly metrics: StageMetrics;
  readonly latenessMs: number;
}

type Payload = TransactionEnriched | TransactionOutcomeKnown;
type Message = StageMessage<Payload>;

/** The second stage: finds out what happened at the terminal, and learns what past transactions turned out to be. */
export function embedStage({ state, metrics, latenessMs }: EmbedStageOptions): StagePlan<Payload> {
  const horizonOf = (nowMs: number) => horizonAt(nowMs, latenessMs);

  const learn = (
    shards: WindowShards<TerminalWindows>,
    { tenant, offset }: Message,
    outcome: TransactionOutcomeKnown,
  ) => {
    const { terminal, transaction_id: transactionId, known_ms: knownMs, fraud } = outcome;
    shards.of(messageKey(tenant, terminal)).outcome({ tenant, transactionId, terminal, knownMs, fraud });
    shards.note(offset, 0);
  };

  const add = (shards: WindowShards<TerminalWindows>, { tenant, offset }: Message, enriched: TransactionEnriched) => {
    const { transaction, received_ms: receivedMs } = enriched;
    const event = featureEventOf(tenant, transaction);
    const added = shards.of(messageKey(tenant, transaction.terminal)).add(event);
    return { ...added, note: () => shards.note(offset, receivedMs, messageKey(tenant, event.transactionId)) };
  };

  const handleOne = (message: Message): StageSending | undefined => {
    const { tenant, partition, offset, payload, trace, replayOf } = message;
    const shards = state.of(partition);
    if (!isEnriched(payload)) {
      learn(shards, message, payload);
      return undefined;
    }
    const { transaction } = payload;
    const { features, isRepeat, note } = add(shards, message, payload);
    if (
      isRepeat &&
      replayOf === undefined &&
      !shards.isSamePlace(messageKey(tenant, transaction.transaction_id), offset)
    ) {
      metrics.repeats('embed', 1);
      return undefined;
    }
    note();
    return {
      key: messageKey(tenant, transaction.transaction_id),
      contract: embeddedContract,
      payload: { ...payload, terminal_features: terminalFeatures.pack(features) },
      eventId: `${transaction.transaction_id}:f`,
      tenant,
      trace,
    };
  };

  return {
    topic: transactionTopics.embedded,
    maxBatchMessages: stageBatchMessages,
    contracts: [enrichedContract, outcomeContract],
    handle: async (messages) => {
      const startedAt = performance.now();
      const sendings = messages.flatMap((message) => handleOne(message) ?? []);
      for (const partition of new Set(messages.map((message) => message.partition)))
        state.of(partition).evictSome(horizonOf);
      metrics.batch('embed', messages.length, (performance.now() - startedAt) / 1_000);
      return { outputs: [{ topic: transactionTopics.fraud, sendings }] };
    },
    restore: (partition, nextOffset, read) =>
      state.restore(partition, nextOffset, read, (shards, message) => {
        const { payload } = message;
        if (!isEnriched(payload)) {
          learn(shards, message, payload);
          return;
        }
        const { isRepeat, note } = add(shards, message, payload);
        if (!isRepeat) note();
      }),
    settled: (partition, nextOffset) => state.settled(partition, nextOffset),
    drop: (partition) => state.drop(partition),
  };
}

function isEnriched(payload: Payload): payload is TransactionEnriched {
  return 'transaction' in payload;
}
