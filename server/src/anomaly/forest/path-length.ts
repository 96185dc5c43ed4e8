const eulerGamma = 0.577_215_664_901_532_9;

/**
 * Average path length of an unsuccessful search in a binary search tree of `size` keys: c(n) of Liu, Ting and Zhou,
 * "Isolation Forest", ICDM 2008, with their logarithmic estimate of the harmonic numbers, as scikit-learn has it.
 */
export function averagePathLength(size: number): number {
  if (size < 2) return 0;
  if (size === 2) return 1;
  return 2 * (Math.log(size - 1) + eulerGamma) - (2 * (size - 1)) / size;
}

/** {@link averagePathLength} with exact harmonic numbers, by which the forests of fraud packages are scaled. */
export function exactAveragePathLength(size: number): number {
  if (size < 2) return 0;
  let harmonic = 0;
  for (let term = 1; term < size; term += 1) harmonic += 1 / term;
  return 2 * harmonic - (2 * (size - 1)) / size;
}
