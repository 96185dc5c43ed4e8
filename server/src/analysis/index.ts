export { factsGroup, factsTopic } from './analysis-flow.ts';
export { type AnalysisWorkers, type AnalysisWorkersOptions, startAnalysisWorkers } from './analysis-workers.ts';
export { type LoadedRules, loadRules, rulesOf } from './load-rule-file.ts';
export { type Trial, type TriedBlock, tryRules } from './try-events.ts';
