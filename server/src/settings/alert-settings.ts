import { resolve } from 'node:path';
import { z } from 'zod';
import { type Environment, wholeNumber } from './environment.ts';

/** Environment variables of alerts. Those that hold the secrets of channels are named by the file. */
export const alertVariables = {
  /** The file that SDP is shipped with where left out. */
  SDP_ALERTS_FILE: z
    .string()
    .transform((text) => resolve(text))
    .optional(),
  SDP_ALERTS_RETENTION_DAYS: wholeNumber(90, 1, 3_650),
  /** Of one topic within ten minutes. */
  SDP_ALERTS_DEAD_LETTERS: wholeNumber(10, 0, 1_000_000),
} as const;

export interface AlertSettings {
  readonly file: string | undefined;
  /** Alerts that are settled are forgotten after this. */
  readonly retentionDays: number;
  /** So many dead letters of one topic within ten minutes raise an alert; 0: none do. */
  readonly deadLetterThreshold: number;
  /** Of a secret that the file names. */
  readonly variable: (name: string) => string | undefined;
}

const schema = z.object(alertVariables);

export function alertSettings(variables: z.output<typeof schema>, environment: Environment): AlertSettings {
  return {
    file: variables.SDP_ALERTS_FILE,
    retentionDays: variables.SDP_ALERTS_RETENTION_DAYS,
    deadLetterThreshold: variables.SDP_ALERTS_DEAD_LETTERS,
    variable: (name) => (Object.hasOwn(environment, name) ? environment[name] : undefined),
  };
}
