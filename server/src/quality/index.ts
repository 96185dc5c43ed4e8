export type { TableExpectations } from './expectation.ts';
export { loadExpectations } from './load-expectations.ts';
export { qualityPaths } from './quality-api.ts';
export { createQualityInspector } from './quality-inspector.ts';
export { createQualityReporter, type QualityReporter } from './quality-reporter.ts';
export { qualityRoutes } from './quality-routes.ts';
export { createQualityStore, type QualityStore } from './quality-store.ts';
