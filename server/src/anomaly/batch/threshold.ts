/**
 * The score that the share `contamination` of the records lies above, as scikit-learn's `contamination` has it: a percentile,
 * between two scores by their distance.
 *
 * @param scores they are sorted
 */
export function thresholdOf(scores: Float64Array, contamination: number): number {
  scores.sort();
  const at = (scores.length - 1) * (1 - contamination);
  const below = scores[Math.floor(at)] ?? 0;
  const above = scores[Math.ceil(at)] ?? below;
  return below + (above - below) * (at - Math.floor(at));
}
