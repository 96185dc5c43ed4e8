import { z } from 'zod';
import { wholeNumber } from './environment.ts';

/** Environment variables of stored anomalies. */
export const anomalyVariables = {
  /** Anomalies are kept for so long, whatever became of them. */
  SDP_ANOMALIES_RETENTION_DAYS: wholeNumber(90, 1, 3_650),
  /** Live streams of anomalies that one API process serves at once. */
  SDP_ANOMALIES_MAX_STREAMS: wholeNumber(200, 1, 10_000),
} as const;

export interface AnomalySettings {
  readonly retentionDays: number;
  readonly maxStreams: number;
}

const schema = z.object(anomalyVariables);

export function anomalySettings(variables: z.output<typeof schema>): AnomalySettings {
  return {
    retentionDays: variables.SDP_ANOMALIES_RETENTION_DAYS,
    maxStreams: variables.SDP_ANOMALIES_MAX_STREAMS,
  };
}
