import { SdpError } from '@sdp/shared/errors';
import type { BatchProcessor } from '../batches/index.ts';

/** Finds records that stand apart from the rest of their batch. */
export function anomalyProcessor(): BatchProcessor<'anomaly_detection'> {
  return {
    processingType: 'anomaly_detection',
    role: 'anomaly',
    process: () => Promise.reject(new SdpError('internal')),
  };
}
