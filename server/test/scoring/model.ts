import { readFileSync } from 'node:fs';
import { defaultModelCardPath, type ModelCard, parseModelCard, type RiskModel } from '../../src/scoring/index.ts';

/** The card that comes with SDP, unchecked against its model. */
export function shippedCard(): ModelCard {
  const path = defaultModelCardPath();
  return parseModelCard(readFileSync(path), path);
}

/** A model whose score is its first feature; it notes how many rows each call had. */
export function firstFeatureModel(featureNames: readonly string[]): RiskModel & { readonly calls: number[] } {
  const calls: number[] = [];
  const features = featureNames.map((name) => ({
    name,
    meaning: 'made up',
    training_range: [0, 1] as [number, number],
  }));
  return {
    calls,
    card: { ...shippedCard(), name: 'first-feature', version: '1.2.3', features },
    async predict(matrix, rowCount) {
      calls.push(rowCount);
      return Float32Array.from({ length: rowCount }, (_, row) => matrix[row * features.length] as number);
    },
    close: async () => {},
  };
}
