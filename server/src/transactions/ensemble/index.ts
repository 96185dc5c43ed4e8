export type { Ensemble, Scored, ScoringInput } from './ensemble.ts';
export { openEnsemble } from './open-ensemble.ts';
