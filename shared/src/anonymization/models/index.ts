export { ClassJudge } from './class-judge.ts';
export {
  distinctDiversity,
  entropyDiversity,
  kAnonymity,
  type PrivacyModel,
  tCloseness,
} from './privacy-model.ts';
export { ValueCounts } from './value-counts.ts';
export { ValueDistribution } from './value-distribution.ts';
