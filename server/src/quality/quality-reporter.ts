import {
  type ExpectationKind,
  expectationKinds,
  expectationSeverities,
  type QualityReport,
  qualityOutcomes,
} from '@sdp/shared/contracts';
import { Counter, Gauge, Pushgateway, Registry } from 'prom-client';
import type { Logger } from '../observability/index.ts';

export interface QualityReporterOptions {
  /** Of this process, for its own `/metrics`. */
  readonly registry: Registry;
  /** Base address of a Prometheus Pushgateway. */
  readonly pushgateway: string | undefined;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

/** Tells metrics, log and, where there is one, a Pushgateway of the quality of jobs. */
export interface QualityReporter {
  report(report: QualityReport): void;
  /** Waits for pushes that are under way, as long as they may take. */
  close(): Promise<void>;
}

const pushTimeoutMs = 5_000;

export function createQualityReporter({ registry, pushgateway, logger }: QualityReporterOptions): QualityReporter {
  const jobs = new Counter({
    name: 'sdp_quality_jobs_total',
    help: 'Jobs judged by what is expected of their source table',
    labelNames: ['outcome'] as const,
    registers: [registry],
  });
  const failures = new Counter({
    name: 'sdp_quality_expectations_failed_total',
    help: 'Expectations that jobs did not meet',
    labelNames: ['expectation', 'severity'] as const,
    registers: [registry],
  });
  for (const outcome of qualityOutcomes) jobs.inc({ outcome }, 0);
  for (const expectation of expectationKinds) {
    for (const severity of expectationSeverities) failures.inc({ expectation, severity }, 0);
  }
  // One after the other: pushes of one table at the same time could end in the older one.
  let pushing = Promise.resolve();
  return {
    report: (report) => {
      const { job_id: batchId, source_table: sourceTable, outcome } = report;
      const failed = report.expectations.filter(({ passed }) => !passed);
      jobs.inc({ outcome });
      for (const { expectation, severity } of failed) failures.inc({ expectation, severity });
      const fields = { batchId, sourceTable, outcome, failed: failed.length };
      if (outcome === 'quarantined') logger.warn(fields, 'job quarantined');
      else logger.info(fields, 'quality of job judged');
      if (pushgateway === undefined) return;
      pushing = pushing
        .then(() => push(pushgateway, report))
        .catch(() => {
          logger.warn({ batchId, sourceTable }, 'quality of job could not be pushed to the Pushgateway');
        });
    },
    close: () => pushing,
  };
}

/** In place of what was pushed for the table and the client before. */
async function push(address: string, report: QualityReport): Promise<void> {
  const registry = new Registry();
  const registers = [registry];
  const failed = new Gauge({
    name: 'sdp_quality_failed_expectations',
    help: 'Expectations that the last job of the table did not meet',
    labelNames: ['expectation', 'severity'] as const,
    registers,
  });
  const outcomes = new Gauge({
    name: 'sdp_quality_outcome',
    help: '1 for what became of the last job of the table',
    labelNames: ['outcome'] as const,
    registers,
  });
  new Gauge({ name: 'sdp_quality_records', help: 'Records of the last job of the table', registers }).set(
    report.records,
  );
  new Gauge({
    name: 'sdp_quality_evaluated_timestamp_seconds',
    help: 'When the last job of the table was judged',
    registers,
  }).set(Date.parse(report.evaluated_at) / 1_000);
  for (const outcome of qualityOutcomes) outcomes.set({ outcome }, outcome === report.outcome ? 1 : 0);
  const kinds = new Set<ExpectationKind>(report.expectations.map(({ expectation }) => expectation));
  for (const expectation of kinds)
    for (const severity of expectationSeverities) failed.set({ expectation, severity }, 0);
  for (const { expectation, severity, passed } of report.expectations)
    if (!passed) failed.inc({ expectation, severity });
  const gateway = new Pushgateway(address, { timeout: pushTimeoutMs }, registry);
  const groupings = { source_table: report.source_table, client_id: report.client_id };
  await gateway.push({ jobName: 'sdp_quality', groupings });
}
