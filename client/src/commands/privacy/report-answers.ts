import { amountText, type PrivacyAmount } from '@sdp/shared/anonymization/privacy';
import { type GroupAnswer, type QuestionSheet, writtenAmount } from '../../privacy/index.ts';
import type { CommandContext } from '../context.ts';

/** Answers with the noise that was added and the bounds of the exact values, and what they cost. */
export function reportAnswers(
  { terminal }: CommandContext,
  { dataset, confidence, person, recordsPerPerson }: QuestionSheet,
  answers: readonly GroupAnswer[],
  { charged, left }: { readonly charged: PrivacyAmount; readonly left: PrivacyAmount },
): void {
  const hasGroups = answers.some(({ group }) => group !== '');
  const hasLabels = answers.some(({ label }) => label !== '');
  const percent = `${Number((confidence * 100).toFixed(4))} %`;
  terminal.result(
    [
      {
        columns: [
          'statistic',
          'column',
          ...(hasGroups ? ['group'] : []),
          ...(hasLabels ? ['of'] : []),
          'answer',
          'noise',
          'scale',
          `${percent} bounds`,
        ],
        rows: answers.map((answer) => [
          answer.question.statistic,
          answer.question.column ?? '',
          ...(hasGroups ? [answer.group] : []),
          ...(hasLabels ? [answer.label] : []),
          rounded(answer.value, resolutionOf(answer)),
          answer.noise.kind,
          scaleText(answer),
          boundsText(answer),
        ]),
      },
      '',
      person === undefined
        ? 'Each record counts as a person of its own.'
        : `At most ${recordsPerPerson} of each person’s records count.`,
      `charged to ${dataset}: ${amountText(charged)}; left: ${amountText(left)}`,
    ],
    {
      dataset,
      confidence,
      person: person ?? null,
      records_per_person: recordsPerPerson,
      charged: writtenAmount(charged),
      left: writtenAmount(left),
      answers: answers.map(({ question, group, label, value, low, high, noise }) => ({
        statistic: question.statistic,
        column: question.column ?? null,
        group: question.groupBy === undefined ? null : group,
        of: label === '' ? null : label,
        value,
        noise: noise.kind,
        scale: noise.scale,
        ...(noise.kind === 'exponential' ? { rank_error: noise.scale } : { low, high }),
      })),
    },
  );
}

function boundsText(answer: GroupAnswer): string {
  const { value, low, high, noise } = answer;
  // Bounds of a quantile's value would have to be taken from the data; those of its rank needn't.
  if (noise.kind === 'exponential') return `rank ± ${noise.scale.toLocaleString('en-US')} records`;
  const show = (bound: number) =>
    rounded(bound, resolutionOf(answer)).toLocaleString('en-US', { maximumFractionDigits: 6 });
  return value === low && value === high ? show(value) : `${show(low)} to ${show(high)}`;
}

/** The scale of the noise; a mean's is that of the sum that was divided. */
function scaleText({ question, noise }: GroupAnswer): string | number {
  const scale = rounded(noise.scale, noise.scale);
  return question.statistic === 'mean' ? `${scale.toLocaleString('en-US', { maximumFractionDigits: 6 })} (sum)` : scale;
}

/** About how far off an answer is. */
function resolutionOf({ low, high, noise }: GroupAnswer): number {
  if (noise.kind === 'exponential') return (high - low) / 1e6;
  return high > low ? (high - low) / 2 : noise.scale;
}

/** Digits beyond a thousandth of the noise say nothing. */
function rounded(value: number, scale: number): number {
  const places = Math.min(6, Math.max(0, 3 - Math.floor(Math.log10(scale))));
  return Number(value.toFixed(places));
}
