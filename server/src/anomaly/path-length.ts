/**
 * Average path length of an unsuccessful search in a binary search tree of `size` keys: c(n) of Liu, Ting and Zhou,
 * "Isolation Forest", ICDM 2008, with exact harmonic numbers instead of their logarithmic estimate.
 */
export function averagePathLength(size: number): number {
  if (size < 2) return 0;
  let harmonic = 0;
  for (let term = 1; term < size; term += 1) harmonic += 1 / term;
  return 2 * harmonic - (2 * (size - 1)) / size;
}
