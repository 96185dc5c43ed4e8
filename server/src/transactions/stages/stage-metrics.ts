import { type Decision, decisions } from '@sdp/shared/contracts';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { type TransactionStage, transactionStages } from '../transaction-flow.ts';

/** What the stages count. Labels are stages and decisions: closed lists. */
export interface StageMetrics {
  batch(stage: TransactionStage, messages: number, seconds: number): void;
  late(): void;
  /** Transactions that a stage has had before, from another message. */
  repeats(stage: TransactionStage, count: number): void;
  decided(decision: Decision): void;
  alerts(count: number): void;
  snapshot(stage: TransactionStage, seconds: number, bytes: number): void;
  /** Asked at every scrape. */
  watchState(stage: TransactionStage, partitions: () => number): void;
}

export function createStageMetrics(registry: Registry): StageMetrics {
  const registers = [registry];
  const labelNames = ['stage'] as const;
  const batchSize = new Histogram({
    name: 'sdp_transaction_stage_batch_messages',
    help: 'Messages that a stage had in hand at once',
    labelNames,
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
    registers,
  });
  const batchSeconds = new Histogram({
    name: 'sdp_transaction_stage_batch_seconds',
    help: 'Time that a stage spent on a batch, storing it left out',
    labelNames,
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1],
    registers,
  });
  const counter = (name: string, help: string) => new Counter({ name, help, registers });
  const late = counter('sdp_transactions_late_total', 'Transactions that came later than the allowed lateness');
  const alerts = counter('sdp_transaction_alerts_total', 'Alerts raised');
  const repeats = new Counter({
    name: 'sdp_transaction_stage_repeats_total',
    help: 'Transactions that a stage had had before',
    labelNames,
    registers,
  });
  const decided = new Counter({
    name: 'sdp_transactions_decided_total',
    help: 'Results that were to be stored, by decision',
    labelNames: ['decision'] as const,
    registers,
  });
  const snapshotSeconds = new Gauge({
    name: 'sdp_transaction_state_snapshot_seconds',
    help: 'How long the last snapshot of a partition took',
    labelNames,
    registers,
  });
  const snapshotBytes = new Gauge({
    name: 'sdp_transaction_state_snapshot_bytes',
    help: 'Size of the last snapshot of a partition',
    labelNames,
    registers,
  });
  const owned = new Map<TransactionStage, () => number>();
  new Gauge({
    name: 'sdp_transaction_state_partitions',
    help: 'Partitions whose state is held here',
    labelNames,
    registers,
    collect() {
      for (const [stage, partitions] of owned) this.set({ stage }, partitions());
    },
  });
  for (const decision of decisions) decided.inc({ decision }, 0);
  for (const stage of transactionStages) repeats.inc({ stage }, 0);
  return {
    batch: (stage, messages, seconds) => {
      batchSize.observe({ stage }, messages);
      batchSeconds.observe({ stage }, seconds);
    },
    late: () => late.inc(),
    repeats: (stage, count) => repeats.inc({ stage }, count),
    decided: (decision) => decided.inc({ decision }),
    alerts: (count) => alerts.inc(count),
    snapshot: (stage, seconds, bytes) => {
      snapshotSeconds.set({ stage }, seconds);
      snapshotBytes.set({ stage }, bytes);
    },
    watchState: (stage, partitions) => owned.set(stage, partitions),
  };
}
