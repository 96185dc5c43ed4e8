import type { Decision } from '@sdp/shared/contracts';
import { SecureStage, type SecureStageOptions } from '@sdp/shared/messaging';
import type { AuditRows } from '../audit/index.ts';
import { type Pool, withTransaction } from '../database/index.ts';
import type { Logger, Metrics } from '../observability/index.ts';
import type { DataKeyRing } from '../records/index.ts';
import { decideStage } from './stages/decide-stage.ts';
import { embedStage, terminalState } from './stages/embed-stage.ts';
import { customerState, enrichStage } from './stages/enrich-stage.ts';
import { scoreStage, type TransactionScorer } from './stages/score-stage.ts';
import { createStageMetrics, type StageMetrics } from './stages/stage-metrics.ts';
import { createSnapshotStore } from './state/snapshot-store.ts';
import { StageState } from './state/stage-state.ts';
import type { Windows, WindowsKind } from './state/window-shards.ts';
import { stageGroup, type TransactionStage } from './transaction-flow.ts';

export interface TransactionWorkersOptions {
  readonly stages: readonly TransactionStage[];
  readonly pool: Pool;
  readonly keyRing: DataKeyRing;
  readonly auditRows: AuditRows;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** How messages are opened, held to the rules and sealed. */
  readonly secure: Omit<SecureStageOptions, 'group'>;
  /** Opened only where this process scores. */
  readonly openScorer: () => Promise<TransactionScorer & { close(): Promise<void> }>;
  readonly settings: {
    readonly latenessMs: number;
    readonly snapshotEveryMs: number;
    readonly alertLevels: readonly Decision[];
  };
}

export interface TransactionWorkers {
  /** For their health. */
  readonly stages: readonly SecureStage[];
  /** Takes no further batch, finishes those in hand, and leaves snapshots for whoever comes next. */
  close(deadlineMs: number): Promise<void>;
}

interface Running {
  readonly stage: SecureStage;
  readonly state?: { close(deadlineMs: number): Promise<void> };
  readonly scorer?: { close(): Promise<void> };
}

/**
 * Starts stages of the transaction pipeline. Any number of processes share a stage's partitions.
 *
 * @throws {UnavailableError} `bus-unavailable`
 * @throws {ConfigError} `model-invalid`, where this process scores
 */
export async function startTransactionWorkers(options: TransactionWorkersOptions): Promise<TransactionWorkers> {
  const metrics = createStageMetrics(options.metrics.registry);
  const running: Running[] = [];
  const close = async (deadlineMs: number): Promise<void> => {
    await Promise.all(
      running.map(async ({ stage, state, scorer }) => {
        const deadline = performance.now() + deadlineMs;
        // Before its partitions are given back.
        await state?.close(deadlineMs / 2);
        await stage.close(Math.max(0, deadline - performance.now()));
        await scorer?.close();
      }),
    );
  };
  try {
    for (const stage of new Set(options.stages)) running.push(await starters[stage](options, metrics));
  } catch (error) {
    await close(0);
    throw error;
  }
  options.logger.info({ stages: options.stages }, 'transaction stages started');
  return {
    stages: running.map(({ stage }) => stage),
    close,
  };
}

type Starter = (options: TransactionWorkersOptions, metrics: StageMetrics) => Promise<Running>;

const starters: Record<TransactionStage, Starter> = {
  enrich: async (options, metrics) => {
    const state = stateOf(options, metrics, 'enrich', customerState);
    const stage = stageOf(options, 'enrich');
    await stage.run(enrichStage({ state, metrics, latenessMs: options.settings.latenessMs }));
    return { stage, state };
  },
  embed: async (options, metrics) => {
    const state = stateOf(options, metrics, 'embed', terminalState);
    const stage = stageOf(options, 'embed');
    await stage.run(embedStage({ state, metrics, latenessMs: options.settings.latenessMs }));
    return { stage, state };
  },
  score: async (options, metrics) => {
    const scorer = await options.openScorer();
    const stage = stageOf(options, 'score');
    try {
      await stage.run(scoreStage({ scorer, metrics }));
    } catch (error) {
      await scorer.close();
      throw error;
    }
    return { stage, scorer };
  },
  decide: async (options, metrics) => {
    const stage = stageOf(options, 'decide');
    const { pool, settings, auditRows } = options;
    await stage.run(
      decideStage({
        metrics,
        auditRows,
        alertLevels: settings.alertLevels,
        inTransaction: (work) => withTransaction(pool, (client) => work(client)),
      }),
    );
    return { stage };
  },
};

function stageOf({ secure }: TransactionWorkersOptions, stage: TransactionStage): SecureStage {
  return new SecureStage({ ...secure, group: stageGroup(stage) });
}

function stateOf<W extends Windows>(
  { pool, keyRing, logger, settings }: TransactionWorkersOptions,
  metrics: StageMetrics,
  stage: TransactionStage,
  kind: WindowsKind<W>,
): StageState<W> {
  const state = new StageState({
    ...{ kind, logger, snapshotEveryMs: settings.snapshotEveryMs, snapshots: createSnapshotStore(pool, keyRing) },
    onSnapshot: (seconds, bytes) => metrics.snapshot(stage, seconds, bytes),
  });
  metrics.watchState(stage, () => state.partitions);
  return state;
}
