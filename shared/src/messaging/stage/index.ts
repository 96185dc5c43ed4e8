export { SecureStage, type SecureStageOptions } from './secure-stage.ts';
export type { StageMessage, StagePlan, StageSending, StageWork } from './stage-plan.ts';
