import { resolve } from 'node:path';
import { z } from 'zod';
import { wholeNumber } from './environment.ts';

/** Environment variables of the analysis of events. */
export const analysisVariables = {
  /** The file that SDP is shipped with where left out. */
  SDP_ANOMALY_RULES: z
    .string()
    .transform((text) => resolve(text))
    .optional(),
  SDP_ANALYSIS_SNAPSHOT_SECONDS: wholeNumber(60, 1, 86_400),
} as const;

export interface AnalysisSettings {
  readonly rulesFile: string | undefined;
  readonly snapshotEveryMs: number;
}

const schema = z.object(analysisVariables);

export function analysisSettings(variables: z.output<typeof schema>): AnalysisSettings {
  return {
    rulesFile: variables.SDP_ANOMALY_RULES,
    snapshotEveryMs: variables.SDP_ANALYSIS_SNAPSHOT_SECONDS * 1_000,
  };
}
