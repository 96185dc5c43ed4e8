import type { PayloadContract, SqlTransaction, StageMessage, StagePlan } from '@sdp/shared/messaging';
import { writeAnomalies } from '../../anomaly-events/index.ts';
import { factsTopic } from '../analysis-flow.ts';
import type { AnalysisMetrics, AnalysisStage } from '../analysis-metrics.ts';
import type { PartitionStates } from '../state/partition-states.ts';
import type { WorkReport } from './work-report.ts';

export interface AnalysisStageOptions<T> {
  readonly stage: AnalysisStage;
  readonly topic: string;
  readonly contract: PayloadContract<T>;
  readonly states: PartitionStates<StageMessage<T>>;
  readonly metrics: AnalysisMetrics;
  readonly report: WorkReport;
  /** Runs the effect where the bus is not in the database. */
  readonly inTransaction: (work: (transaction: SqlTransaction) => Promise<void>) => Promise<void>;
}

/** Some tens of milliseconds of work, for which everybody else in the process waits. */
const maxBatchMessages = 16;
const maxBufferedBytes = 4 * 1_024 * 1_024;

/** Takes messages in order, stores what is found with their being settled, and hands on what others are to judge. */
export function analysisStage<T>(options: AnalysisStageOptions<T>): StagePlan<T> {
  const { stage, topic, contract, states, metrics, report, inTransaction } = options;
  return {
    ...{ topic, contracts: [contract], maxBatchMessages, maxBufferedBytes, inTransaction },
    // A message is many events, which are told from repeats one by one.
    repeats: 'deliver',
    handle: async (messages) => {
      const startedAt = performance.now();
      const taken = messages.map((message) => {
        const each = states.take(message);
        if (each.isNew) {
          report.add(each.taken.counts);
          metrics.found(each.taken.findings);
        }
        return each.taken;
      });
      const findings = taken.flatMap((each) => each.findings);
      const sendings = taken.flatMap((each) => each.sendings);
      metrics.batch(stage, (performance.now() - startedAt) / 1_000);
      return {
        ...(sendings.length > 0 && { outputs: [{ topic: factsTopic, sendings }] }),
        ...(findings.length > 0 && {
          write: async (transaction) => {
            await writeAnomalies(transaction, findings);
          },
        }),
      };
    },
    restore: (partition, nextOffset, read) => states.restore(partition, nextOffset, read),
    settled: (partition, nextOffset) => states.settled(partition, nextOffset),
    drop: (partition) => states.drop(partition),
    handOver: (partition) => states.handOver(partition),
  };
}
