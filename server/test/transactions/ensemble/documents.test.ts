import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { renderFeaturesPage } from '../../../../scripts/docs/features-page.ts';
import { familyReasons } from '../../../src/transactions/ensemble/reasons.ts';
import { features } from '../../../src/transactions/features/index.ts';
import { shippedPackage } from './shipped-package.ts';

const read = (path: string) => readFileSync(join(import.meta.dirname, '../../../..', path), 'utf8');

interface Figures {
  readonly scores: Record<string, { roc_auc: number; pr_auc: number; card_precision_100: number }>;
}

it('lists the features as they are (npm run docs writes the page)', () => {
  const page = renderFeaturesPage();
  expect(read('docs/fraud-features.md')).toBe(page);
  for (const { name } of features) expect(page).toContain(`| \`${name}\` |`);
});

it('says in the documents and in the card what the evaluation found', () => {
  const files = shippedPackage();
  const { scores }: Figures = JSON.parse(Buffer.from(files.get('evaluation.json') as Uint8Array).toString());
  const card = Buffer.from(files.get('MODEL_CARD.md') as Uint8Array).toString();
  expect(Object.keys(scores)).toContain('logistic baseline');
  for (const [name, { roc_auc, pr_auc, card_precision_100 }] of Object.entries(scores)) {
    const row = `| ${name} | ${roc_auc} | ${pr_auc} | ${card_precision_100} |`;
    expect(card).toContain(row);
    expect(read('docs/models.md')).toContain(row);
  }
});

it('has a sentence for each family of features', () => {
  const families = new Set(features.map(({ family }) => family));
  for (const family of families) expect(familyReasons(new Map([[family, 1]]))[0]?.text).toMatch(/^[A-Z].+\.$/);
});
