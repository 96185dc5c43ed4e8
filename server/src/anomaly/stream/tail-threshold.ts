/** Above it begins the tail whose shape is drawn out. */
const tailBegins = 0.95;

/**
 * A score that the share `rate` of events like those scored lies above. Within the scores it is a quantile. Beyond them the tail
 * is drawn out as a generalized Pareto distribution over its beginning (peaks over threshold, as in Siffer, Fouque, Termier and
 * Largouët, "Anomaly Detection in Streams with Extreme Value Theory", KDD 2017), fitted by its moments and never heavier than
 * exponential, since scores end at 1.
 *
 * @param sorted scores, ascending
 */
export function tailThreshold(sorted: Float64Array, rate: number): number {
  const first = Math.min(sorted.length - 1, Math.floor(sorted.length * tailBegins));
  const begin = sorted[first] ?? 1;
  const share = (sorted.length - first) / sorted.length;
  if (rate >= share) return sorted[Math.floor(sorted.length * (1 - rate))] ?? 1;
  const excesses = sorted.subarray(first).map((score) => score - begin);
  const mean = excesses.reduce((sum, excess) => sum + excess, 0) / excesses.length;
  const variance = excesses.reduce((sum, excess) => sum + (excess - mean) ** 2, 0) / excesses.length;
  if (variance === 0) return begin;
  const ratio = mean ** 2 / variance;
  const shape = Math.min(0, Math.max(-0.5, (1 - ratio) / 2));
  const scale = mean * (1 - shape);
  const beyond = shape === 0 ? Math.log(share / rate) : ((rate / share) ** -shape - 1) / shape;
  return begin + scale * beyond;
}
