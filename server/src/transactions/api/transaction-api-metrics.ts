import { type DecidedTransaction, decisions } from '@sdp/shared/contracts';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface TransactionApiMetrics {
  /** @param decided undefined where the wait was over first */
  answered(kind: 'new' | 'repeat', decided: DecidedTransaction | undefined, seconds: number): void;
  resultRefused(code: string): void;
  /** Asked at every scrape. */
  watch(sizes: () => { readonly waiting: number; readonly streams: number }): void;
}

const seconds = [0.002, 0.005, 0.01, 0.015, 0.02, 0.035, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 5, 30];

export function createTransactionApiMetrics(registry: Registry): TransactionApiMetrics {
  const registers = [registry];
  const latency = new Histogram({
    name: 'sdp_transaction_decision_seconds',
    help: 'Time from a request’s arrival to its answer with the decision',
    labelNames: ['decision'] as const,
    buckets: seconds,
    registers,
  });
  const answers = new Counter({
    name: 'sdp_transactions_answered_total',
    help: 'Transactions answered: new ones and repeats, with the decision or without it yet',
    labelNames: ['kind', 'status'] as const,
    registers,
  });
  const refused = new Counter({
    name: 'sdp_transaction_results_refused_total',
    help: 'Messages in the topic of results that this process did not believe',
    labelNames: ['code'] as const,
    registers,
  });
  for (const decision of decisions) latency.zero({ decision });
  for (const kind of ['new', 'repeat']) for (const status of ['decided', 'pending']) answers.inc({ kind, status }, 0);
  return {
    answered: (kind, decided, elapsed) => {
      answers.inc({ kind, status: decided ? 'decided' : 'pending' });
      if (decided && kind === 'new') latency.observe({ decision: decided.decision }, elapsed);
    },
    resultRefused: (code) => refused.inc({ code }),
    watch: (sizes) => {
      const gauge = (name: string, help: string, size: () => number) =>
        new Gauge({
          name,
          help,
          registers,
          collect() {
            this.set(size());
          },
        });
      gauge('sdp_transactions_waiting', 'Transactions whose requests wait for a decision', () => sizes().waiting);
      gauge('sdp_transaction_streams', 'Clients that follow their decisions', () => sizes().streams);
    },
  };
}
