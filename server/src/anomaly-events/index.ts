export type { AnomalyFinding, FindingEvidence } from './anomaly-finding.ts';
export { ensureAnomalyPartitions, forgetAnomalies } from './store/anomaly-partitions.ts';
export { type WrittenAnomalies, writeAnomalies } from './write/write-anomalies.ts';
