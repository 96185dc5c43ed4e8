import { expect, test } from 'vitest';
import { shippedCard } from './model.ts';
import { modelCardText } from './model-card-text.ts';

test('MODEL_CARD.md says what the card says', async () => {
  await expect(modelCardText(shippedCard())).toMatchFileSnapshot('../../models/MODEL_CARD.md');
});

test('the model is told of no feature that many places forbid lending by', () => {
  const names = shippedCard().features.map(({ name }) => name);
  expect(names).toHaveLength(20);
  expect(names).not.toEqual(expect.arrayContaining([expect.stringMatching(/^(SEX|AGE|MARRIAGE)$/)]));
});
