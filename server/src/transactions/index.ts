export { transactionPaths } from './api/transaction-paths.ts';
export * from './ensemble/index.ts';
export * from './features/index.ts';
export { LatencyRecord } from './simulation/latency-record.ts';
export { type SeededRandom, seededRandom } from './simulation/seeded-random.ts';
export { runSimulation, type SimulationRunOptions, type SimulationState } from './simulation/simulation-run.ts';
export type { ScoredTransaction, TransactionScorer } from './stages/score-stage.ts';
export {
  createSnapshotStore,
  resealSnapshots,
  type SnapshotPlace,
  type SnapshotStore,
  type StoredSnapshot,
} from './state/snapshot-store.ts';
export { forgetTransactions } from './store/retention.ts';
export { startTransactionApi, type TransactionApi, type TransactionApiOptions } from './transaction-api.ts';
export {
  stageGroup,
  stageTopics,
  type TransactionStage,
  transactionStages,
  transactionTopics,
} from './transaction-flow.ts';
export {
  startTransactionWorkers,
  type TransactionWorkers,
  type TransactionWorkersOptions,
} from './transaction-workers.ts';
