import { type Cell, numberOfCell, type ScoringResult } from '@sdp/shared/contracts';
import type { ModelCard } from './model-card.ts';

/** Below this share of a model's features a record gets no score. */
export const requiredCoverage = 0.5;

/** Column index of each feature, −1 where the batch has no such column. */
export type FeatureColumns = Int32Array;

/**
 * Finds the features among a batch's columns: by exact name first, then regardless of case where that is unambiguous.
 * No column serves two features.
 */
export function locateFeatures(features: ModelCard['features'], columns: readonly string[]): FeatureColumns {
  const exact = new Map<string, number>();
  const folded = new Map<string, number[]>();
  for (const [index, column] of columns.entries()) {
    if (!exact.has(column)) exact.set(column, index);
    const key = column.trim().toLowerCase();
    const same = folded.get(key);
    if (same) same.push(index);
    else folded.set(key, [index]);
  }
  const taken = new Set<number>();
  const located = Int32Array.from(features, ({ name }) => {
    const index = exact.get(name) ?? -1;
    if (index >= 0) taken.add(index);
    return index;
  });
  for (const [position, { name }] of features.entries()) {
    if (located[position] !== -1) continue;
    const candidates = folded.get(name.toLowerCase()) ?? [];
    const [only] = candidates;
    if (only === undefined || candidates.length > 1 || taken.has(only)) continue;
    located[position] = only;
    taken.add(only);
  }
  return located;
}

/**
 * Writes a record's features into row `row` of the matrix, NaN where absent.
 *
 * @returns how many features are present
 */
export function fillFeatures(
  matrix: Float32Array,
  row: number,
  cells: readonly (Cell | undefined)[],
  located: FeatureColumns,
): number {
  const width = located.length;
  let present = 0;
  for (let feature = 0; feature < width; feature += 1) {
    const column = located[feature] as number;
    const value = column < 0 ? Number.NaN : Math.fround(numberOfCell(cells[column]));
    // A number beyond float32 becomes infinite, which no split was trained on: absent.
    const usable = Number.isFinite(value);
    matrix[row * width + feature] = usable ? value : Number.NaN;
    if (usable) present += 1;
  }
  return present;
}

/** Risk band of a score; a band's threshold belongs to it. */
export function bandOf(score: number, bands: ModelCard['bands']): 'low' | 'medium' | 'high' {
  if (score >= bands.high_from) return 'high';
  return score >= bands.medium_from ? 'medium' : 'low';
}

export function modelVersionOf(card: ModelCard): string {
  return `${card.name}-${card.version}`;
}

interface ScoredRecord {
  readonly seq: number;
  readonly key: Cell;
  readonly present: number;
  /** What the model said; ignored below {@link requiredCoverage}. */
  readonly prediction: number;
}

/** The result of one record. */
export function scoringResult(record: ScoredRecord, card: ModelCard): ScoringResult {
  const coverage = record.present / card.features.length;
  const base = { seq: record.seq, key: record.key };
  const tail = { feature_coverage: round(coverage), model_version: modelVersionOf(card) };
  if (coverage < requiredCoverage) {
    return { ...base, status: 'insufficient_features', score: null, band: null, ...tail };
  }
  const score = round(Math.min(1, Math.max(0, record.prediction)));
  return { ...base, status: 'scored', score, band: bandOf(score, card.bands), ...tail };
}

/** Six decimals: float32 promises no more, and a rounded score is the one that is banded. */
function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
