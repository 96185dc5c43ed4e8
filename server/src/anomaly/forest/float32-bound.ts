const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

/**
 * The smallest float32 above a number: for every float32 `x`, `x < float32Above(bound)` says the same as `x <= bound`.
 * Infinity where there is none.
 */
export function float32Above(bound: number): number {
  const nearest = Math.fround(bound);
  if (nearest > bound) return nearest;
  if (nearest === 0) return 2 ** -149;
  float[0] = nearest;
  bits[0] = (bits[0] as number) + (nearest > 0 ? 1 : -1);
  return float[0] as number;
}
