/** How much an anomaly matters, from least to most. */
export const anomalyLevels = ['INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;
