import type { ReleaseReport } from '@sdp/shared/contracts';
import { formatNumber, type Table } from '../terminal/index.ts';

/** Tables of a release, made here or by the server. */
export function riskTable({ prosecutor, journalist, marketer }: ReleaseReport['risk']): Table {
  return {
    columns: ['risk of being found', 'highest', 'average', 'rows above 20 %'],
    rows: [
      [
        'known to be in the table (prosecutor)',
        percent(prosecutor.highest),
        percent(prosecutor.average),
        percent(prosecutor.at_risk),
      ],
      ['known to be in the population (journalist)', percent(journalist.highest), '', percent(journalist.at_risk)],
      ['anybody (marketer)', '', percent(marketer), ''],
    ],
  };
}

export function utilityTable(utility: ReleaseReport['utility']): Table {
  return {
    columns: ['cost', ''],
    rows: [
      ['loss of detail (0 to 1)', shown(utility.loss)],
      ['entropy lost (0 to 1)', shown(utility.non_uniform_entropy)],
      ['discernibility', formatNumber(utility.discernibility)],
      ['average class', formatNumber(Number(utility.average_class_size.toFixed(1)))],
    ],
  };
}

/** What the server reached; it was sent what was asked and doesn't say it again, k apart. */
export function protectionTable({ k, sensitive }: ReleaseReport): Table {
  return {
    columns: ['protection', 'asked', 'reached'],
    rows: [
      ['records of a class (k)', String(k.asked), String(k.reached)],
      ...sensitive.flatMap(({ column, distinct_l, entropy_l, t }) => [
        [`${column}: different values (l)`, '', shown(distinct_l)],
        [`${column}: by entropy`, '', shown(entropy_l)],
        [`${column}: distance (t)`, '', shown(t)],
      ]),
    ],
  };
}

export const shown = (value: number) => String(Number(value.toFixed(4)));
const percent = (share: number) => `${Number((share * 100).toPrecision(3))} %`;
