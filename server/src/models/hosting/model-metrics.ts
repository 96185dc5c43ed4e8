import type { ErrorCode } from '@sdp/shared/errors';
import type { UsageArm } from '../usage/usage-recorder.ts';
import type { RollbackCause } from '../watch/rollback-rules.ts';

/** What is counted of models. Labels come from closed lists; versions are no labels. */
export interface ModelMetrics {
  /** That decides here, and the highest one that was heard of. */
  generation(serving: number, wanted: number): void;
  swapped(state: 'loaded' | 'failed', seconds: number): void;
  called(arm: UsageArm, attempted: number, failed: number, seconds: number): void;
  shadowLeftOut(transactions: number): void;
  updateRefused(code: ErrorCode): void;
  rolledBack(cause: RollbackCause): void;
}

const nothing = (): void => undefined;

export const noModelMetrics: ModelMetrics = {
  generation: nothing,
  swapped: nothing,
  called: nothing,
  shadowLeftOut: nothing,
  updateRefused: nothing,
  rolledBack: nothing,
};
