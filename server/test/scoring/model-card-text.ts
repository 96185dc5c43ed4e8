import type { ModelCard } from '../../src/scoring/index.ts';

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
const list = (items: readonly string[]) => items.map((item) => `- ${item}`).join('\n');
const table = (header: readonly string[], rows: readonly (readonly (string | number)[])[]) =>
  [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** A model card for people, in Markdown. */
export function modelCardText(card: ModelCard): string {
  const { metrics, training, bands } = card;
  return `# Model card: ${card.name} ${card.version}

${card.intended_use}

Written from \`${card.name}-${card.version}.card.json\`, which the server checks the model against; a test keeps the two
equal. After a change: \`npx vitest run -u server/test/scoring/model-card\`.

## Training

- Data: ${training.data}; ${training.records} records. Licence: ${training.licence}.
- Target: ${training.target}.
- Algorithm: ${training.algorithm}.
- Recipe: \`${training.recipe}\` with \`requirements.txt\`; same data and versions give the same bytes.

## How good it is

Measured by ${metrics.method}.

${table(
  ['metric', 'mean', 'folds'],
  [
    ['ROC-AUC', metrics.roc_auc.mean, metrics.roc_auc.folds.join(', ')],
    ['PR-AUC', metrics.pr_auc.mean, metrics.pr_auc.folds.join(', ')],
    ['Brier score (smaller is better)', metrics.brier.mean, metrics.brier.folds.join(', ')],
    ['ROC-AUC with 30 % of the cells missing', metrics.roc_auc_with_30_percent_missing, ''],
    ['ROC-AUC, were SEX, AGE and MARRIAGE used too', metrics.roc_auc_with_sex_age_marriage, ''],
    ...Object.entries(metrics.baselines).map(([name, value]) => [`baseline with all columns: ${name}`, value, '']),
  ],
)}

The exported model differs from the trained one by at most ${card.parity.max_abs_diff} on ${card.parity.rows} made-up rows.

## Bands

Medium from ${bands.medium_from}, high from ${bands.high_from}: ${bands.chosen_by}.

${table(
  ['band', 'share of records', 'of them defaulted'],
  bands.observed.map(({ band, share, default_rate }) => [band, percent(share), percent(default_rate)]),
)}

## Groups

${table(
  ['group', 'records', 'defaulted', 'mean score', 'in the high band', 'ROC-AUC'],
  card.groups.map((group) => [
    group.group.replaceAll('<', '&lt;'),
    group.records,
    percent(group.default_rate),
    group.mean_score,
    percent(group.high_band_share),
    group.roc_auc,
  ]),
)}

## Limits

${list(card.limits)}

## Features

${table(
  ['name', 'meaning', 'from', 'to'],
  card.features.map(({ name, meaning, training_range: [from, to] }) => [`\`${name}\``, meaning, from, to]),
)}
`;
}
