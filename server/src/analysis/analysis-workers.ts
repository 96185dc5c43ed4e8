import { eventTypes } from '@sdp/shared/contracts';
import { SecureStage, type SecureStageOptions, type StageBus, type StageMessage } from '@sdp/shared/messaging';
import { raiseAlert } from '../alerts/index.ts';
import { writeAnomalies } from '../anomaly-events/index.ts';
import { type Pool, withTransaction } from '../database/index.ts';
import type { Finding, StreamDetectorFactory } from '../detectors/index.ts';
import { analysisGroups, eventBatchContract, eventTopics } from '../events/index.ts';
import type { Logger, Metrics } from '../observability/index.ts';
import type { DataKeyRing } from '../records/index.ts';
import { createSnapshotStore } from '../transactions/index.ts';
import { factsContract, factsGroup, factsTopic } from './analysis-flow.ts';
import { createAnalysisMetrics, stageOfType } from './analysis-metrics.ts';
import { type LiveRules, openLiveRules } from './live-rule-file.ts';
import { AbsenceClock, type Clocked } from './stages/absence-clock.ts';
import { type AnalysisStageOptions, analysisStage } from './stages/analysis-stage.ts';
import { WorkReport } from './stages/work-report.ts';
import { eventPartitions } from './state/event-partition.ts';
import { factPartitions } from './state/fact-partition.ts';
import { PartitionStates } from './state/partition-states.ts';
import type { PartitionKind } from './state/partition-work.ts';

export interface AnalysisWorkersOptions {
  readonly pool: Pool;
  readonly keyRing: DataKeyRing;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** How messages are opened, held to the rules and sealed. */
  readonly secure: Omit<SecureStageOptions, 'group'> & { readonly bus: StageBus };
  readonly settings: {
    readonly rulesFile: string;
    readonly snapshotEveryMs: number;
    /** How long an event is known again. */
    readonly repeatMs: number;
    /** Between two looks at the file of rules. */
    readonly rulesEveryMs?: number;
  };
  /** In place of those that the file asks for. */
  readonly detectors?: readonly StreamDetectorFactory[];
}

export interface AnalysisWorkers {
  /** For their health. */
  readonly stages: readonly SecureStage[];
  /** Takes no further batch, finishes those in hand, and leaves snapshots for whoever comes next. */
  close(deadlineMs: number): Promise<void>;
}

interface Running {
  readonly stage: SecureStage;
  readonly states: { close(deadlineMs: number): Promise<void> };
}

/**
 * Starts analysing events. Any number of processes share the partitions.
 *
 * @throws {ConfigError} `config-unreadable`, `config-invalid` for the file of rules
 * @throws {UnavailableError} `bus-unavailable`
 */
export async function startAnalysisWorkers(options: AnalysisWorkersOptions): Promise<AnalysisWorkers> {
  const { pool, keyRing, logger, secure, settings } = options;
  const metrics = createAnalysisMetrics(options.metrics.registry);
  const live = openRules(options, metrics);
  const inTransaction = (work: Parameters<typeof withTransaction<void>>[1]) => withTransaction(pool, work);
  const tell = (findings: readonly Finding[]) =>
    inTransaction(async (transaction) => {
      await writeAnomalies(transaction, findings);
    });
  const snapshots = createSnapshotStore(pool, keyRing);
  const running: Running[] = [];
  const clocked: Clocked[] = [];
  const clock = new AbsenceClock({ bus: secure.bus, stages: clocked, logger });

  const run = async <T>(
    plan: Pick<AnalysisStageOptions<T>, 'stage' | 'topic' | 'contract'>,
    group: string,
    kind: PartitionKind<StageMessage<T>>,
    behind: Clocked['behind'],
  ): Promise<void> => {
    const { stage: name, topic } = plan;
    const states = new PartitionStates({
      ...{ kind, snapshots, logger, tell, snapshotEveryMs: settings.snapshotEveryMs },
      onSnapshot: (seconds, bytes) => metrics.snapshot(name, seconds, bytes),
    });
    metrics.watch(name, () => states.remembered());
    const stage = new SecureStage({ ...secure, group });
    running.push({ stage, states });
    const report = new WorkReport(name, metrics, logger);
    await stage.run(analysisStage({ ...plan, states, metrics, report, inTransaction }));
    clocked.push({
      ...{ topic, group, behind },
      waitingForTime: () => states.waitingForTime(),
      advance: (partition, clockMs, readTo) => states.advance(partition, clockMs, readTo),
    });
  };

  const close = async (deadlineMs: number): Promise<void> => {
    await Promise.all([live.close(), clock.close()]);
    await Promise.all(
      running.map(async ({ stage, states }) => {
        const deadline = performance.now() + deadlineMs;
        // Before its partitions are given back.
        await states.close(deadlineMs / 2);
        await stage.close(Math.max(0, deadline - performance.now()));
      }),
    );
  };

  try {
    const detectors = () => options.detectors ?? live.current.detectors;
    const rules = () => live.current.rules;
    const { repeatMs } = settings;
    for (const type of eventTypes) {
      const [stage, topic, group] = [stageOfType[type], eventTopics[type], analysisGroups[type]];
      const kind = eventPartitions({ type, topic, rules, detectors, repeatMs });
      await run({ stage, topic, contract: eventBatchContract }, group, kind, []);
    }
    const behind = eventTypes.map((type) => ({ topic: eventTopics[type], group: analysisGroups[type] }));
    await run(
      { stage: 'facts', topic: factsTopic, contract: factsContract },
      factsGroup,
      factPartitions({ rules, repeatMs }),
      behind,
    );
  } catch (error) {
    await close(0);
    throw error;
  }
  logger.info({ rules: live.current.rules.rules.length }, 'analysis of events started');
  return { stages: running.map(({ stage }) => stage), close };
}

function openRules(
  { pool, logger, settings }: AnalysisWorkersOptions,
  metrics: ReturnType<typeof createAnalysisMetrics>,
): LiveRules {
  const { rulesFile: path, rulesEveryMs: everyMs } = settings;
  return openLiveRules({
    ...{ path, logger, metrics, everyMs },
    onBroken: async (findings) => {
      const mistakes = findings.length === 1 ? 'a mistake' : `${findings.length} mistakes`;
      await raiseAlert(pool, {
        type: 'anomaly-rules-invalid',
        level: 'WARNING',
        title: 'The file of anomaly rules is not right',
        message: `It was changed and has ${mistakes} now, so the rules before it stay in force. sdp-server rules check names each.`,
      });
    },
  });
}
