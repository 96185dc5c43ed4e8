import type { Decision } from '@sdp/shared/contracts';
import type { Deployment } from '../deployment/deployment.ts';
import { effectiveProportion } from '../statistics/cluster-rules.ts';
import { type Interval, wilsonInterval } from '../statistics/proportion-rules.ts';
import { latencyQuantile } from '../usage/histograms.ts';
import { addUsage, noUsage, type UsageArm } from '../usage/usage-recorder.ts';
import type { UsageStore } from '../usage/usage-store.ts';
import {
  challengerComparisons,
  judgedBy,
  ownDecisions,
  type ReportArm,
  shadowComparisons,
  shadowDecisions,
  sharesOf,
} from './arm-comparison-rules.ts';
import { type Comparison, conclusion } from './comparison-rules.ts';
import { type Quality, qualityOf } from './quality-rules.ts';
import type { ReportSource } from './report-source.ts';

/** What one model did since then. */
export interface ArmReport {
  readonly arm: ReportArm;
  readonly version: string;
  /** Transactions that it decided; of a shadow, those for which its opinion is on record. */
  readonly decisions: number;
  readonly review: Interval | undefined;
  readonly decline: Interval | undefined;
  readonly quality: Quality;
  /** Of what workers asked it, repeats included. */
  readonly asked: number;
  readonly failed: number;
  /** Of a shadow: transactions that it wasn't asked about. */
  readonly leftOut: number;
  /** Durations of calls, each for a batch; upper ends of histogram buckets that are a quarter apart. */
  readonly callMs: { readonly p50?: number; readonly p95?: number; readonly p99?: number };
  /** How many scores lie in each twentieth from 0 to 1. */
  readonly scores: readonly number[];
}

export interface ModelReport {
  readonly since: Date;
  readonly deployment: Deployment;
  readonly arms: readonly ArmReport[];
  readonly comparisons: readonly (Comparison & { readonly arm: 'challenger' | 'shadow'; readonly sentence: string })[];
  /** Whether there were more known outcomes than are looked at; then the newest ones are. */
  readonly isCut: boolean;
}

/** Known outcomes that are looked at. */
const maxOutcomes = 500_000;

/** Compares the models of a deployment by what was decided since then, and by what is known to have become of it. */
export async function reportOn(
  deployment: Deployment,
  since: Date,
  { source, usage }: { readonly source: ReportSource; readonly usage: UsageStore },
): Promise<ModelReport> {
  const [decisions, shadows, outcomes, used] = await Promise.all([
    source.decisions(since),
    source.shadows(since),
    source.outcomes(since, maxOutcomes),
    // Figures are by the minute: of what was deployed before in the same one, nothing is meant.
    usage.sum({ since, ...(since.getTime() >= deployment.made_ms && { generation: deployment.generation }) }),
  ]);
  const usageOf = (arm: UsageArm, version: string) => {
    const sum = noUsage();
    for (const { key, usage: each } of used) if (key.arm === arm && key.version === version) addUsage(sum, each);
    return sum;
  };
  const arms = armsOf(deployment).map(({ arm, version }): ArmReport => {
    const counts = arm === 'shadow' ? shadowDecisions(shadows, deployment) : ownDecisions(decisions, arm, version);
    const did = usageOf(arm, version);
    const quantile = (q: number) => latencyQuantile(did.latencies, q);
    const [p50, p95, p99] = [quantile(0.5), quantile(0.95), quantile(0.99)];
    return {
      arm,
      version,
      decisions: counts.reduce((sum, { count }) => sum + count, 0),
      review: intervalOf(counts, 'REVIEW'),
      decline: intervalOf(counts, 'DECLINE'),
      quality: qualityOf(judgedBy(outcomes, arm, version, deployment.champion)),
      asked: did.attempted,
      failed: did.failed,
      leftOut: did.dropped,
      callMs: {
        ...(p50 !== undefined && { p50 }),
        ...(p95 !== undefined && { p95 }),
        ...(p99 !== undefined && { p99 }),
      },
      scores: did.scores,
    };
  });
  const comparisons = [
    ...challengerComparisons(deployment, decisions, outcomes),
    ...shadowComparisons(deployment, shadows, outcomes),
  ].map(({ arm, ...each }) => ({ arm, ...each, sentence: conclusion(arm, each) }));
  return { since, deployment, arms, comparisons, isCut: outcomes.length === maxOutcomes };
}

function armsOf({ champion, challenger, shadow }: Deployment): { arm: ReportArm; version: string }[] {
  return [
    { arm: 'champion', version: champion },
    ...(challenger ? [{ arm: 'challenger' as const, version: challenger.version }] : []),
    ...(shadow === undefined ? [] : [{ arm: 'shadow' as const, version: shadow }]),
  ];
}

function intervalOf(counts: Parameters<typeof sharesOf>[0], decision: Decision): Interval | undefined {
  return wilsonInterval(effectiveProportion(sharesOf(counts, (each) => each === decision)));
}
