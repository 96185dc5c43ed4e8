import { SdpError } from '@sdp/shared/errors';
import type { BatchProcessor } from '../batches/index.ts';
import type { RiskModel } from './risk-model.ts';

export interface ScoringProcessorOptions {
  readonly model: RiskModel;
}

/** Scores the default risk of each record with the model given. The caller closes the model. */
export function scoringProcessor(_options: ScoringProcessorOptions): BatchProcessor<'risk_scoring'> {
  return {
    processingType: 'risk_scoring',
    role: 'scoring',
    process: () => Promise.reject(new SdpError('internal')),
  };
}
