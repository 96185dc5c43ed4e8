export { type Deployment, modelUpdatesTopic, type RecordedDeployment, versionsOf } from './deployment/deployment.ts';
export { promotion, type Role, restoration, withdrawal } from './deployment/deployment-rules.ts';
export {
  createDeploymentUpdates,
  type DeploymentUpdates,
  type DeploymentUpdatesOptions,
} from './deployment/deployment-updates.ts';
export type { WorkerState } from './deployment/worker-store.ts';
export {
  createModelHost,
  type HostedScore,
  type HostSettings,
  type HostState,
  type ModelHost,
  type ModelHostOptions,
} from './hosting/model-host.ts';
export { type ModelMetrics, noModelMetrics } from './hosting/model-metrics.ts';
export { type ModelKind, type ModelScore, openPackage, type ServedModel } from './hosting/served-model.ts';
export * from './package/index.ts';
export { createModelRegistry, deployShipped, type ModelRegistry } from './registry.ts';
export { type ArmReport, type ModelReport, reportOn } from './report/model-report.ts';
export { createReportSource, type ReportSource } from './report/report-source.ts';
export type { Interval } from './statistics/proportion-rules.ts';
