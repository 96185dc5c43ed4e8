export { type AnomalyApi, type AnomalyApiOptions, createAnomalyApi } from './anomaly-api.ts';
export type { AnomalyFinding, FindingEvidence } from './anomaly-finding.ts';
export { anomalyPaths } from './api/anomaly-paths.ts';
export { ensureAnomalyPartitions, forgetAnomalies } from './store/anomaly-partitions.ts';
export { anomalyStreamPath } from './stream/anomaly-streams.ts';
export { type WrittenAnomalies, writeAnomalies } from './write/write-anomalies.ts';
