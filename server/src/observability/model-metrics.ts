import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const seconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.035, 0.05, 0.1, 0.25, 0.5, 1, 5];

/** Metrics of models, for `ModelMetrics` of the feature. Labels come from closed lists; versions are no labels. */
export function createModelMetrics(registry: Registry) {
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name, help, labelNames, registers });
  const serving = new Gauge({ name: 'sdp_model_generation', help: 'Deployment that decides here', registers });
  const wanted = new Gauge({
    name: 'sdp_model_generation_wanted',
    help: 'Newest deployment heard of; more than sdp_model_generation where it could not be loaded',
    registers,
  });
  const swaps = counter('sdp_model_swaps_total', 'Deployments that were taken, or could not be', ['state']);
  const swapSeconds = new Histogram({
    name: 'sdp_model_swap_seconds',
    help: 'Time from hearing of a deployment until it decides',
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers,
  });
  const scored = counter('sdp_model_scored_total', 'Transactions given to a model', ['arm']);
  const failures = counter('sdp_model_failures_total', 'Transactions for which it gave no valid score', ['arm']);
  const callSeconds = new Histogram({
    name: 'sdp_model_call_seconds',
    help: 'Duration of a call of a model, for one batch',
    labelNames: ['arm'] as const,
    buckets: seconds,
    registers,
  });
  const leftOut = counter('sdp_model_shadow_left_out_total', 'Transactions that a shadow was not asked about', []);
  const refused = counter('sdp_model_updates_refused_total', 'Messages of model.updates that were not taken', ['code']);
  const rollbacks = counter('sdp_model_rollbacks_total', 'Models taken back by themselves', ['cause']);
  for (const cause of ['errors', 'latency']) rollbacks.inc({ cause }, 0);
  for (const state of ['loaded', 'failed']) swaps.inc({ state }, 0);
  return {
    generation: (present: number, newest: number): void => {
      serving.set(present);
      wanted.set(newest);
    },
    swapped: (state: 'loaded' | 'failed', elapsed: number): void => {
      swaps.inc({ state });
      if (state === 'loaded') swapSeconds.observe(elapsed);
    },
    called: (arm: string, attempted: number, failed: number, elapsed: number): void => {
      scored.inc({ arm }, attempted);
      failures.inc({ arm }, failed);
      callSeconds.observe({ arm }, elapsed);
    },
    shadowLeftOut: (transactions: number): void => leftOut.inc(transactions),
    updateRefused: (code: string): void => refused.inc({ code }),
    rolledBack: (cause: 'errors' | 'latency'): void => rollbacks.inc({ cause }),
  };
}
