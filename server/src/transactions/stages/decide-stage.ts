import type { Decision, TransactionDecided } from '@sdp/shared/contracts';
import type { SqlTransaction, StageMessage, StagePlan } from '@sdp/shared/messaging';
import type { AuditRows } from '../../audit/index.ts';
import { decisionsStatement, type LoggedDecision, storeDecisions } from '../store/decision-store.ts';
import { decidedContract, messageKey, stageBatchMessages, transactionTopics } from '../transaction-flow.ts';
import type { StageMetrics } from './stage-metrics.ts';

export interface DecideStageOptions {
  readonly metrics: StageMetrics;
  /** Decisions that raise an alert. */
  readonly alertLevels: readonly Decision[];
  readonly auditRows: AuditRows;
  /** Runs the effect where the bus is not in the database. */
  readonly inTransaction: (work: (transaction: SqlTransaction) => Promise<void>) => Promise<void>;
}

/** The last stage: stores the decision that comes first in the log, raises alerts and writes the audit trail. */
export function decideStage({
  metrics,
  alertLevels,
  auditRows,
  inTransaction,
}: DecideStageOptions): StagePlan<TransactionDecided> {
  return {
    topic: transactionTopics.results,
    maxBatchMessages: stageBatchMessages,
    contracts: [decidedContract],
    inTransaction,
    handle: async (messages) => {
      const first = firstOfEach(messages);
      metrics.batch('decide', messages.length, 0);
      metrics.repeats('decide', messages.length - first.length);
      for (const { decided } of first) metrics.decided(decided.result.decision);
      metrics.alerts(first.filter(({ decided }) => alertLevels.includes(decided.result.decision)).length);
      const statement = decisionsStatement(first, alertLevels, auditRows);
      return {
        statement,
        write: async (transaction) => {
          await storeDecisions(transaction, statement);
        },
      };
    },
  };
}

/** Results of one transaction are in one partition, so the first one in the batch is the first one in the log. */
function firstOfEach(messages: readonly StageMessage<TransactionDecided>[]): LoggedDecision[] {
  const first = new Map<string, LoggedDecision>();
  for (const { tenant, partition, offset, payload } of messages) {
    const name = messageKey(tenant, payload.result.transaction_id);
    if (!first.has(name)) first.set(name, { clientId: tenant, partition, offset, decided: payload });
  }
  return [...first.values()];
}
