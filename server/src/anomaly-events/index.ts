export { type AnomalyApi, type AnomalyApiOptions, createAnomalyApi } from './anomaly-api.ts';
export type { AnomalyFinding, FindingEvidence } from './anomaly-finding.ts';
export { anomalyPaths } from './api/anomaly-paths.ts';
export { handleAndRecord, readAnomaly } from './store/anomaly-handling.ts';
export { ensureAnomalyPartitions, forgetAnomalies } from './store/anomaly-partitions.ts';
export { presentAnomaly } from './store/anomaly-row.ts';
export { type AnomalyFilter, type Handling, listAnomalies } from './store/anomaly-store.ts';
export { anomalyStreamPath } from './stream/anomaly-streams.ts';
export { type WrittenAnomalies, writeAnomalies } from './write/write-anomalies.ts';
