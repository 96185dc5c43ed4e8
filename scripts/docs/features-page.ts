import { type FeatureFamily, featureSet, features } from '../../server/src/transactions/features/index.ts';

const families: Readonly<Record<FeatureFamily, string>> = {
  amount: 'Amounts',
  amount_for_customer: 'The amount, for this customer',
  time_of_day: 'Time of day',
  customer_activity: 'How often the customer pays',
  new_place: 'Whether the place is new',
  card_activity: 'How often the card is used',
  terminal_activity: 'How often was paid at the terminal',
  terminal_reports: 'Frauds reported at the terminal',
};

/** `docs/fraud-features.md`, made from the feature set. */
export function renderFeaturesPage(): string {
  const lines = [
    `# Features of ${featureSet.id}`,
    '',
    'Made from `server/src/transactions/features/feature-set.ts` by `npm run docs`; a test keeps both equal.',
    '[fraud.md](fraud.md) says what counts in a window. The number is the place in the vector.',
  ];
  for (const [family, title] of Object.entries(families)) {
    lines.push('', `## ${title}: \`${family}\``, '', '| | feature | unit | meaning |', '|---|---|---|---|');
    for (const [place, feature] of features.entries()) {
      if (feature.family !== family) continue;
      lines.push(`| ${place} | \`${feature.name}\` | ${feature.unit} | ${feature.meaning} |`);
    }
  }
  return `${lines.join('\n')}\n`;
}
