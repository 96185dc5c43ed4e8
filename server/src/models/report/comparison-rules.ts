import type { Interval } from '../statistics/proportion-rules.ts';

export type Measure = 'flagged' | 'declined' | 'recall' | 'precision' | 'false_alarms' | 'roc_auc';

/** The other model's figure less the champion's, with its 95 % interval. */
export interface Comparison {
  readonly measure: Measure;
  readonly difference: Interval | undefined;
}

const names: Readonly<Record<Measure, string>> = {
  flagged: 'share of transactions in REVIEW or DECLINE',
  declined: 'share of transactions in DECLINE',
  recall: 'share of the known frauds that it flags',
  precision: 'share of frauds among what it flags',
  false_alarms: 'share of known genuine transactions that it flags',
  roc_auc: 'ROC-AUC',
};

/** What a comparison says, as a sentence: whether the difference is more than chance explains. */
export function conclusion(other: string, { measure, difference }: Comparison): string {
  const name = names[measure];
  if (difference === undefined) {
    const isOfDecisions = measure === 'flagged' || measure === 'declined';
    return `The ${name} cannot be compared: ${isOfDecisions ? 'nothing was decided yet' : 'too few outcomes are known'}.`;
  }
  const { estimate, low, high } = difference;
  const size = points(Math.abs(estimate), measure);
  const interval = `95 % interval ${signed(low, measure)} to ${signed(high, measure)}`;
  if (low > 0 || high < 0) {
    const direction = estimate > 0 ? 'higher' : 'lower';
    return `The ${other}’s ${name} is ${size} ${direction} than the champion’s: more than chance explains (${interval}).`;
  }
  return `The ${other}’s ${name} differs by ${signed(estimate, measure)} from the champion’s: chance explains that (${interval}).`;
}

function signed(value: number, measure: Measure): string {
  const sign = value < 0 ? '−' : '+';
  return `${sign}${points(Math.abs(value), measure)}`;
}

function points(value: number, measure: Measure): string {
  return measure === 'roc_auc' ? value.toFixed(4) : `${(value * 100).toFixed(2)} points`;
}
