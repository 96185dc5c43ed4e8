export {
  anonymizeOptimally,
  anonymizeOptimallyInSteps,
  type OptimalAnonymization,
  type OptimalOptions,
} from './anonymize-optimally.ts';
export { type Objective, objectives } from './objective.ts';
