import { z } from 'zod';
import { wholeNumber } from './environment.ts';

/** Environment variables of the models that decide on transactions. */
export const modelVariables = {
  /** Public keys; the one that the shipped model is signed with is always trusted. */
  SDP_MODEL_TRUSTED_KEYS: z
    .string()
    .regex(/^[A-Za-z0-9_-]{43}=?([\s,]+[A-Za-z0-9_-]{43}=?)*$/, 'must be public keys, as `models keygen` prints them')
    .optional(),
  SDP_MODEL_POLL_SECONDS: wholeNumber(5, 1, 3_600),
  SDP_MODEL_TIMEOUT_MS: wholeNumber(5_000, 10, 600_000),
  /** How much longer an answer may take for the sake of a shadow. */
  SDP_MODEL_SHADOW_MS: wholeNumber(5, 1, 10_000),
  /** How long a promoted model is on trial; 0: not at all. */
  SDP_MODEL_TRIAL_MINUTES: wholeNumber(10, 0, 10_080),
  SDP_MODEL_TRIAL_MIN_SCORED: wholeNumber(200, 50, 1_000_000),
  SDP_MODEL_TRIAL_ERROR_PERCENT: wholeNumber(1, 0, 100),
  SDP_MODEL_TRIAL_LATENCY_FACTOR: wholeNumber(3, 1, 1_000),
  SDP_MODEL_TRIAL_LATENCY_MS: wholeNumber(50, 1, 600_000),
} as const;

export interface ModelSettings {
  /** As given: public keys, several separated by commas. */
  readonly trustedKeys: string;
  readonly pollMs: number;
  readonly scoreTimeoutMs: number;
  readonly shadowBudgetMs: number;
  readonly rollback: {
    readonly watchMs: number;
    readonly minSample: number;
    /** 0–1. */
    readonly errorRate: number;
    readonly latencyFactor: number;
    readonly latencyFloorMs: number;
  };
}

const schema = z.object(modelVariables);

export function modelSettings(variables: z.output<typeof schema>): ModelSettings {
  return {
    trustedKeys: variables.SDP_MODEL_TRUSTED_KEYS ?? '',
    pollMs: variables.SDP_MODEL_POLL_SECONDS * 1_000,
    scoreTimeoutMs: variables.SDP_MODEL_TIMEOUT_MS,
    shadowBudgetMs: variables.SDP_MODEL_SHADOW_MS,
    rollback: {
      watchMs: variables.SDP_MODEL_TRIAL_MINUTES * 60_000,
      minSample: variables.SDP_MODEL_TRIAL_MIN_SCORED,
      errorRate: variables.SDP_MODEL_TRIAL_ERROR_PERCENT / 100,
      latencyFactor: variables.SDP_MODEL_TRIAL_LATENCY_FACTOR,
      latencyFloorMs: variables.SDP_MODEL_TRIAL_LATENCY_MS,
    },
  };
}
