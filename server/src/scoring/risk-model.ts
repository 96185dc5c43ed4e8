import type { ModelCard } from './model-card.ts';

/** A loaded model: feature matrix in, probabilities out. Built by {@link loadOnnxModel}; tests give a fake. */
export interface RiskModel {
  readonly card: ModelCard;
  /**
   * Estimated probability of default for each of `rowCount` rows.
   *
   * @param matrix row-major, `rowCount × card.features.length`, NaN where a feature is absent; not kept after the call
   */
  predict(matrix: Float32Array, rowCount: number): Promise<Float32Array>;
  close(): Promise<void>;
}
