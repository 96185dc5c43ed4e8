import type { Decision } from '@sdp/shared/contracts';
import type { Deployment } from '../deployment/deployment.ts';
import { aucDifference, pairedAucDifference } from '../statistics/auc-rules.ts';
import { type PairedCounts, pairedDifference } from '../statistics/paired-rules.ts';
import { type Interval, newcombeDifference, type Proportion, wilsonInterval } from '../statistics/proportion-rules.ts';
import { latencyQuantile } from '../usage/histograms.ts';
import { addUsage, noUsage, type UsageArm } from '../usage/usage-recorder.ts';
import type { UsageStore } from '../usage/usage-store.ts';
import { type Comparison, conclusion } from './comparison-rules.ts';
import { isFlagged, type Judged, labelledScores, type Quality, qualityOf, ratesOf } from './quality-rules.ts';
import type { DecisionCount, KnownOutcome, ReportSource, ShadowCount } from './report-source.ts';

export type ReportArm = 'champion' | 'challenger' | 'shadow';

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
    usage.sum({ since }),
  ]);
  const usageOf = (arm: UsageArm, version: string) => {
    const sum = noUsage();
    for (const { key, usage: each } of used) if (key.arm === arm && key.version === version) addUsage(sum, each);
    return sum;
  };
  const judgedBy = judgements(outcomes);
  const arms = armsOf(deployment).map(({ arm, version }): ArmReport => {
    const counts = arm === 'shadow' ? shadowDecisions(shadows, deployment) : ownDecisions(decisions, arm, version);
    const total = counts.APPROVE + counts.REVIEW + counts.DECLINE;
    const did = usageOf(arm, version);
    const quantile = (q: number) => latencyQuantile(did.latencies, q);
    const [p50, p95, p99] = [quantile(0.5), quantile(0.95), quantile(0.99)];
    return {
      arm,
      version,
      decisions: total,
      review: wilsonInterval({ hits: counts.REVIEW, total }),
      decline: wilsonInterval({ hits: counts.DECLINE, total }),
      quality: qualityOf(judgedBy(arm, version, deployment.champion)),
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
    ...challengerComparisons(deployment, decisions, judgedBy),
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

type Counts = Record<Decision, number>;

function ownDecisions(counts: readonly DecisionCount[], arm: ReportArm, version: string): Counts {
  return sumOf(counts.filter((each) => each.arm === arm && each.version === version));
}

function shadowDecisions(counts: readonly ShadowCount[], { champion, shadow }: Deployment): Counts {
  const own = counts.filter(({ version, shadowVersion }) => version === champion && shadowVersion === shadow);
  return sumOf(own.map(({ shadowDecision, count }) => ({ decision: shadowDecision, count })));
}

function sumOf(counts: readonly { readonly decision: Decision; readonly count: number }[]): Counts {
  const sum: Counts = { APPROVE: 0, REVIEW: 0, DECLINE: 0 };
  for (const { decision, count } of counts) sum[decision] += count;
  return sum;
}

type JudgedBy = (arm: ReportArm, version: string, champion: string) => readonly Judged[];

/** Decisions of an arm by its own model; where another one stood in, they say nothing of it. */
function judgements(outcomes: readonly KnownOutcome[]): JudgedBy {
  return (arm, version, champion) =>
    arm === 'shadow'
      ? outcomes.flatMap(({ shadow, fraud, version: by }) =>
          shadow?.version === version && by === champion ? [{ ...shadow, fraud }] : [],
        )
      : outcomes.filter((each) => each.arm === arm && each.version === version);
}

type ArmComparison = Comparison & { readonly arm: 'challenger' | 'shadow' };

/** Different transactions: the intervals are those of independent samples. */
function challengerComparisons(
  { champion, challenger }: Deployment,
  decisions: readonly DecisionCount[],
  judgedBy: JudgedBy,
): ArmComparison[] {
  if (challenger === undefined) return [];
  const arm = 'challenger' as const;
  const [own, other] = [
    ownDecisions(decisions, arm, challenger.version),
    ownDecisions(decisions, 'champion', champion),
  ];
  const mine = judgedBy(arm, challenger.version, champion);
  const theirs = judgedBy('champion', champion, champion);
  const [myRates, theirRates] = [ratesOf(mine), ratesOf(theirs)];
  return [
    { arm, measure: 'flagged', difference: newcombeDifference(flaggedRate(own), flaggedRate(other)) },
    { arm, measure: 'declined', difference: newcombeDifference(declinedRate(own), declinedRate(other)) },
    { arm, measure: 'recall', difference: newcombeDifference(myRates.recall, theirRates.recall) },
    { arm, measure: 'precision', difference: newcombeDifference(myRates.precision, theirRates.precision) },
    { arm, measure: 'false_alarms', difference: newcombeDifference(myRates.falseAlarms, theirRates.falseAlarms) },
    { arm, measure: 'roc_auc', difference: aucDifference(labelledScores(mine), labelledScores(theirs)) },
  ];
}

function flaggedRate(counts: Counts): Proportion {
  const flagged = counts.REVIEW + counts.DECLINE;
  return { hits: flagged, total: flagged + counts.APPROVE };
}

function declinedRate(counts: Counts): Proportion {
  return { hits: counts.DECLINE, total: counts.APPROVE + counts.REVIEW + counts.DECLINE };
}

/** The same transactions: what both say alike cancels. The precision of the two has no such pairs and is left out. */
function shadowComparisons(
  { champion, shadow }: Deployment,
  counts: readonly ShadowCount[],
  outcomes: readonly KnownOutcome[],
): ArmComparison[] {
  if (shadow === undefined) return [];
  const arm = 'shadow' as const;
  const own = counts.filter(({ version, shadowVersion }) => version === champion && shadowVersion === shadow);
  const pairsBy = (says: (decision: Decision) => boolean) =>
    pairedCounts(own.map((each) => [says(each.shadowDecision), says(each.decision), each.count]));
  const known = outcomes.flatMap((each) =>
    each.version === champion && each.shadow?.version === shadow ? [{ ...each, shadow: each.shadow }] : [],
  );
  const pairsAmong = (isFraud: boolean) =>
    pairedCounts(
      known.filter(({ fraud }) => fraud === isFraud).map((each) => [isFlagged(each.shadow), isFlagged(each), 1]),
    );
  const shadowScores = labelledScores(known.map(({ shadow: { score }, fraud }) => ({ score, fraud })));
  return [
    { arm, measure: 'flagged', difference: pairedDifference(pairsBy((decision) => decision !== 'APPROVE')) },
    { arm, measure: 'declined', difference: pairedDifference(pairsBy((decision) => decision === 'DECLINE')) },
    { arm, measure: 'recall', difference: pairedDifference(pairsAmong(true)) },
    { arm, measure: 'false_alarms', difference: pairedDifference(pairsAmong(false)) },
    { arm, measure: 'roc_auc', difference: pairedAucDifference(shadowScores, labelledScores(known)) },
  ];
}

function pairedCounts(pairs: readonly (readonly [boolean, boolean, number])[]): PairedCounts {
  const sum = { both: 0, firstOnly: 0, secondOnly: 0, neither: 0 };
  for (const [first, second, count] of pairs) {
    if (first) sum[second ? 'both' : 'firstOnly'] += count;
    else sum[second ? 'secondOnly' : 'neither'] += count;
  }
  return sum;
}
