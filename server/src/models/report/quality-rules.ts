import type { Decision } from '@sdp/shared/contracts';
import { aucInterval, type LabelledScores } from '../statistics/auc-rules.ts';
import { effectiveProportion } from '../statistics/cluster-rules.ts';
import { type Interval, type Proportion, wilsonInterval } from '../statistics/proportion-rules.ts';

/** A model's answer to a transaction of which it is known what it was. */
export interface Judged {
  readonly score: number;
  readonly decision: Decision;
  readonly fraud: boolean;
  /** Of customers. */
  readonly group: number;
}

/** How good a model's answers were, as far as is known. Flagged is what isn't APPROVE. */
export interface Quality {
  readonly known: number;
  readonly frauds: number;
  readonly flagged: number;
  readonly fraudsFlagged: number;
  readonly recall: Interval | undefined;
  readonly precision: Interval | undefined;
  readonly falseAlarms: Interval | undefined;
  readonly rocAuc: Interval | undefined;
}

/** Hits and totals of each group of customers. */
export interface QualityRates {
  readonly recall: readonly Proportion[];
  readonly precision: readonly Proportion[];
  readonly falseAlarms: readonly Proportion[];
}

export function isFlagged({ decision }: Pick<Judged, 'decision'>): boolean {
  return decision !== 'APPROVE';
}

export function ratesOf(judged: readonly Judged[]): QualityRates {
  const frauds = judged.filter(({ fraud }) => fraud);
  const genuine = judged.filter(({ fraud }) => !fraud);
  return {
    recall: shareOf(frauds, isFlagged),
    precision: shareOf(judged.filter(isFlagged), ({ fraud }) => fraud),
    falseAlarms: shareOf(genuine, isFlagged),
  };
}

function shareOf(judged: readonly Judged[], isHit: (each: Judged) => boolean): Proportion[] {
  return byGroup(judged.map((each) => ({ group: each.group, isHit: isHit(each), count: 1 })));
}

/** Hits and totals of each group. */
export function byGroup(
  counts: readonly { readonly group: number; readonly isHit: boolean; readonly count: number }[],
): Proportion[] {
  const groups = new Map<number, { hits: number; total: number }>();
  for (const { group, isHit, count } of counts) {
    const sum = groups.get(group) ?? { hits: 0, total: 0 };
    sum.total += count;
    if (isHit) sum.hits += count;
    groups.set(group, sum);
  }
  return [...groups.values()];
}

export function labelledScores(judged: readonly Pick<Judged, 'score' | 'fraud' | 'group'>[]): LabelledScores {
  const frauds = judged.filter(({ fraud }) => fraud);
  const others = judged.filter(({ fraud }) => !fraud);
  return {
    frauds: frauds.map(({ score }) => score),
    others: others.map(({ score }) => score),
    clusters: { frauds: frauds.map(({ group }) => group), others: others.map(({ group }) => group) },
  };
}

export function qualityOf(judged: readonly Judged[]): Quality {
  const { recall, precision, falseAlarms } = ratesOf(judged);
  const frauds = judged.filter(({ fraud }) => fraud);
  return {
    known: judged.length,
    frauds: frauds.length,
    flagged: judged.filter(isFlagged).length,
    fraudsFlagged: frauds.filter(isFlagged).length,
    recall: wilsonInterval(effectiveProportion(recall)),
    precision: wilsonInterval(effectiveProportion(precision)),
    falseAlarms: wilsonInterval(effectiveProportion(falseAlarms)),
    rocAuc: aucInterval(labelledScores(judged)),
  };
}
