import type { DecisionReason } from '@sdp/shared/contracts';
import type { FeatureFamily } from '../features/index.ts';

/** The only sentences that reasons of features have. */
const familyTexts: Record<FeatureFamily, string> = {
  amount: 'The amount, and what was paid lately by this customer and at this place.',
  amount_for_customer: 'The amount, compared with what this customer usually pays.',
  customer_activity: 'How often this customer has paid lately, and at how many places.',
  card_activity: 'How often this card was used lately.',
  new_place: 'Whether this customer has paid at this place before.',
  terminal_activity: 'How often was paid at this place lately, and by how many.',
  terminal_reports: 'Frauds that were reported at this place lately.',
  time_of_day: 'The time of day and the day of the week.',
};

/** Reasons shown of what raised a score: more of them say less. */
const shownFamilies = 4;
/** What raised the score by less than this doesn't explain it. */
const leastContribution = 0.01;

/** Why a transaction isn't scored. */
export const notScored: DecisionReason = {
  kind: 'rule',
  code: 'not_scored',
  text: 'No score could be worked out for this transaction, so a person has to look at it.',
  contribution: null,
};

/** The families that raised the score most, first the one that did most. */
export function familyReasons(contributions: ReadonlyMap<FeatureFamily, number>): DecisionReason[] {
  return [...contributions]
    .filter(([, contribution]) => contribution >= leastContribution)
    .sort(([, a], [, b]) => b - a)
    .slice(0, shownFamilies)
    .map(([family, contribution]) => ({
      kind: 'feature',
      code: family,
      text: familyTexts[family],
      contribution: Math.round(contribution * 1e4) / 1e4,
    }));
}
