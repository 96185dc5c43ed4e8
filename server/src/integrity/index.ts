export { changeKinds, type Finding, type SweptTable, sweptTables } from './finding.ts';
export { type IntegrityRoutesOptions, integrityPaths, integrityRoutes } from './integrity-routes.ts';
export { type Sweep, type SweepOptions, sweep } from './sweep.ts';
export { type SweeperOptions, startSweeper, sweepOnce } from './sweeper.ts';
