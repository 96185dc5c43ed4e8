import type { Decision } from '@sdp/shared/contracts';
import type { Deployment } from '../deployment/deployment.ts';
import { aucDifference, pairedAucDifference } from '../statistics/auc-rules.ts';
import { effectivePairs, effectiveProportions } from '../statistics/cluster-rules.ts';
import { type PairedCounts, pairedDifference } from '../statistics/paired-rules.ts';
import { newcombeDifference, type Proportion } from '../statistics/proportion-rules.ts';
import type { Comparison } from './comparison-rules.ts';
import { byGroup, isFlagged, type Judged, labelledScores, ratesOf } from './quality-rules.ts';
import type { DecisionCount, KnownOutcome, ShadowCount } from './report-source.ts';

export type ReportArm = 'champion' | 'challenger' | 'shadow';
export type ArmComparison = Comparison & { readonly arm: 'challenger' | 'shadow' };

type Counts = readonly { readonly decision: Decision; readonly group: number; readonly count: number }[];

/** Decisions of an arm by its own model; where another one stood in, they say nothing of it. */
export function ownDecisions(counts: readonly DecisionCount[], arm: ReportArm, version: string): Counts {
  return counts.filter((each) => each.arm === arm && each.version === version);
}

export function shadowDecisions(counts: readonly ShadowCount[], { champion, shadow }: Deployment): Counts {
  return counts
    .filter(({ version, shadowVersion }) => version === champion && shadowVersion === shadow)
    .map(({ shadowDecision, group, count }) => ({ decision: shadowDecision, group, count }));
}

/** Decisions of a kind and all, in each group of customers. */
export function sharesOf(counts: Counts, isHit: (decision: Decision) => boolean): Proportion[] {
  return byGroup(counts.map(({ decision, group, count }) => ({ group, count, isHit: isHit(decision) })));
}

/** What an arm's own model said of transactions whose outcome is known. */
export function judgedBy(
  outcomes: readonly KnownOutcome[],
  arm: ReportArm,
  version: string,
  champion: string,
): readonly Judged[] {
  if (arm !== 'shadow') return outcomes.filter((each) => each.arm === arm && each.version === version);
  return outcomes.flatMap(({ shadow, fraud, group, version: by }) =>
    shadow?.version === version && by === champion ? [{ ...shadow, fraud, group }] : [],
  );
}

/** Different customers: the intervals are those of independent samples. */
export function challengerComparisons(
  { champion, challenger }: Deployment,
  decisions: readonly DecisionCount[],
  outcomes: readonly KnownOutcome[],
): ArmComparison[] {
  if (challenger === undefined) return [];
  const arm = 'challenger' as const;
  const own = ownDecisions(decisions, arm, challenger.version);
  const other = ownDecisions(decisions, 'champion', champion);
  const shares = (isHit: (decision: Decision) => boolean) => differ(sharesOf(own, isHit), sharesOf(other, isHit));
  const mine = judgedBy(outcomes, arm, challenger.version, champion);
  const theirs = judgedBy(outcomes, 'champion', champion, champion);
  const [myRates, theirRates] = [ratesOf(mine), ratesOf(theirs)];
  return [
    { arm, measure: 'flagged', difference: shares(isNoApproval) },
    { arm, measure: 'declined', difference: shares(isDecline) },
    { arm, measure: 'recall', difference: differ(myRates.recall, theirRates.recall) },
    { arm, measure: 'precision', difference: differ(myRates.precision, theirRates.precision) },
    { arm, measure: 'false_alarms', difference: differ(myRates.falseAlarms, theirRates.falseAlarms) },
    { arm, measure: 'roc_auc', difference: aucDifference(labelledScores(mine), labelledScores(theirs)) },
  ];
}

function differ(own: readonly Proportion[], other: readonly Proportion[]) {
  return newcombeDifference(...effectiveProportions(own, other));
}

const isNoApproval = (decision: Decision) => decision !== 'APPROVE';
const isDecline = (decision: Decision) => decision === 'DECLINE';

/** The same transactions: what both say alike cancels. The precision of the two has no such pairs and is left out. */
export function shadowComparisons(
  { champion, shadow }: Deployment,
  counts: readonly ShadowCount[],
  outcomes: readonly KnownOutcome[],
): ArmComparison[] {
  if (shadow === undefined) return [];
  const arm = 'shadow' as const;
  const own = counts.filter(({ version, shadowVersion }) => version === champion && shadowVersion === shadow);
  const pairs = (says: (decision: Decision) => boolean) =>
    difference(
      own.map(({ shadowDecision, decision, group, count }) => ({
        ...{ group, count, first: says(shadowDecision), second: says(decision) },
      })),
    );
  const known = outcomes.flatMap((each) =>
    each.version === champion && each.shadow?.version === shadow ? [{ ...each, shadow: each.shadow }] : [],
  );
  const pairsAmong = (isFraud: boolean) =>
    difference(
      known
        .filter(({ fraud }) => fraud === isFraud)
        .map((each) => ({ group: each.group, count: 1, first: isFlagged(each.shadow), second: isFlagged(each) })),
    );
  const shadowScores = labelledScores(known.map(({ shadow: { score }, fraud, group }) => ({ score, fraud, group })));
  return [
    { arm, measure: 'flagged', difference: pairs(isNoApproval) },
    { arm, measure: 'declined', difference: pairs(isDecline) },
    { arm, measure: 'recall', difference: pairsAmong(true) },
    { arm, measure: 'false_alarms', difference: pairsAmong(false) },
    { arm, measure: 'roc_auc', difference: pairedAucDifference(shadowScores, labelledScores(known)) },
  ];
}

interface Pairs {
  readonly group: number;
  readonly first: boolean;
  readonly second: boolean;
  readonly count: number;
}

function difference(pairs: readonly Pairs[]) {
  const groups = new Map<number, { -readonly [name in keyof PairedCounts]: number }>();
  for (const { group, first, second, count } of pairs) {
    const sum = groups.get(group) ?? { both: 0, firstOnly: 0, secondOnly: 0, neither: 0 };
    if (first) sum[second ? 'both' : 'firstOnly'] += count;
    else sum[second ? 'secondOnly' : 'neither'] += count;
    groups.set(group, sum);
  }
  return pairedDifference(effectivePairs([...groups.values()]));
}
