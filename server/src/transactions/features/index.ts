export { type AddedTransaction, CustomerWindows } from './customer-windows.ts';
export { type FeatureEvent, type Features, featureEventOf, type OutcomeEvent } from './feature-event.ts';
export { type FeatureDescription, type FeatureFamily, type FeatureUnit, featureSet, features } from './feature-set.ts';
export { toVector } from './feature-vector.ts';
export { TerminalWindows } from './terminal-windows.ts';
export { horizonAt, windows } from './window-lengths.ts';
