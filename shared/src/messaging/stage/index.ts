export { SecureStage, type SecureStageOptions } from './secure-stage.ts';
export { type SecureTailOptions, startSecureTail } from './secure-tail.ts';
export type { StageMessage, StagePlan, StageSending, StageWork } from './stage-plan.ts';
