import type { Decision } from '@sdp/shared/contracts';
import { aucInterval, type LabelledScores } from '../statistics/auc-rules.ts';
import { type Interval, type Proportion, wilsonInterval } from '../statistics/proportion-rules.ts';

/** A model's answer to a transaction of which it is known what it was. */
export interface Judged {
  readonly score: number;
  readonly decision: Decision;
  readonly fraud: boolean;
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

export interface QualityRates {
  readonly recall: Proportion;
  readonly precision: Proportion;
  readonly falseAlarms: Proportion;
}

export function isFlagged({ decision }: Pick<Judged, 'decision'>): boolean {
  return decision !== 'APPROVE';
}

export function ratesOf(judged: readonly Judged[]): QualityRates {
  const frauds = judged.filter(({ fraud }) => fraud);
  const flagged = judged.filter(isFlagged);
  const caught = frauds.filter(isFlagged).length;
  return {
    recall: { hits: caught, total: frauds.length },
    precision: { hits: caught, total: flagged.length },
    falseAlarms: { hits: flagged.length - caught, total: judged.length - frauds.length },
  };
}

export function labelledScores(judged: readonly Pick<Judged, 'score' | 'fraud'>[]): LabelledScores {
  return {
    frauds: judged.filter(({ fraud }) => fraud).map(({ score }) => score),
    others: judged.filter(({ fraud }) => !fraud).map(({ score }) => score),
  };
}

export function qualityOf(judged: readonly Judged[]): Quality {
  const { recall, precision, falseAlarms } = ratesOf(judged);
  return {
    known: judged.length,
    frauds: recall.total,
    flagged: precision.total,
    fraudsFlagged: recall.hits,
    recall: wilsonInterval(recall),
    precision: wilsonInterval(precision),
    falseAlarms: wilsonInterval(falseAlarms),
    rocAuc: aucInterval(labelledScores(judged)),
  };
}
