import { SdpError } from '@sdp/shared/errors';
import type { BatchProcessor } from '../batches/index.ts';

/** Generalizes a batch's quasi-identifiers until it is k-anonymous. */
export function anonymizationProcessor(): BatchProcessor<'anonymization'> {
  return {
    processingType: 'anonymization',
    role: 'anonymization',
    process: () => Promise.reject(new SdpError('internal')),
  };
}
