export { anomalyProcessor } from './anomaly-processor.ts';
