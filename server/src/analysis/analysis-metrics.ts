import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Finding, StreamEventType } from '../detectors/index.ts';

/** What the stages are called in metrics and logs. */
export const analysisStages = ['logs', 'metrics', 'transactions', 'facts'] as const;
export type AnalysisStage = (typeof analysisStages)[number];

/** Which stage analyses the events of a type. */
export const stageOfType = { log: 'logs', metric: 'metrics', transaction: 'transactions' } as const satisfies Record<
  StreamEventType,
  AnalysisStage
>;

/** What gave way for want of room: groups and events of rules, events that were known from repeats. */
export const overloads = ['group', 'event', 'seen'] as const;
export type Overload = (typeof overloads)[number];

/** Sizes of what a stage remembers. */
export interface Remembered {
  readonly partitions: number;
  readonly groups: number;
  readonly events: number;
}

/** What the analysis counts. Labels are stages, and the detectors and rules of the configuration. */
export interface AnalysisMetrics {
  batch(stage: AnalysisStage, seconds: number): void;
  events(stage: AnalysisStage, events: number, repeats: number): void;
  late(rule: string, events: number): void;
  skewed(stage: AnalysisStage, events: number): void;
  found(findings: readonly Finding[]): void;
  facts(count: number): void;
  overloaded(stage: AnalysisStage, what: Overload, count: number): void;
  detectorFailed(detector: string): void;
  snapshot(stage: AnalysisStage, seconds: number, bytes: number): void;
  rulesReloaded(isRight: boolean): void;
  rulesInForce(count: number): void;
  /** Asked at every scrape. */
  watch(stage: AnalysisStage, remembered: () => Remembered): void;
}

export function createAnalysisMetrics(registry: Registry): AnalysisMetrics {
  const registers = [registry];
  const byStage = ['stage'] as const;
  const counterOf = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name, help, labelNames: [...labelNames], registers });
  const gaugeOf = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ name, help, labelNames: [...labelNames], registers });
  const events = counterOf('sdp_analysis_events_total', 'Events and facts that were analysed', byStage);
  const repeats = counterOf('sdp_analysis_repeats_total', 'Events and facts that had been analysed before', byStage);
  const skewed = counterOf('sdp_analysis_events_skewed_total', 'Events whose clock was ahead of ours', byStage);
  const late = counterOf('sdp_analysis_events_late_total', 'Events that came too late to count for a rule', ['rule']);
  const findings = counterOf('sdp_analysis_findings_total', 'What detectors found, what comes again included', [
    'detector',
  ]);
  const facts = counterOf('sdp_analysis_facts_total', 'Facts that were handed on to be judged', []);
  const overloaded = counterOf(
    'sdp_analysis_overload_total',
    'Groups and events of rules, and known events, that had to be forgotten early',
    ['stage', 'what'],
  );
  const failures = counterOf('sdp_analysis_detector_failures_total', 'Times that a detector gave up on events', [
    'detector',
  ]);
  const reloads = counterOf('sdp_anomaly_rules_reloads_total', 'Changes of the file of rules that were taken up', []);
  const reloadFailures = counterOf(
    'sdp_anomaly_rules_reload_failures_total',
    'Changes of the file of rules that were not right',
    [],
  );
  const inForce = gaugeOf('sdp_anomaly_rules', 'Rules in force', []);
  const seconds = new Histogram({
    name: 'sdp_analysis_batch_seconds',
    help: 'Time that a stage spent on a batch, storing it left out',
    labelNames: byStage,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
    registers,
  });
  const snapshotSeconds = gaugeOf('sdp_analysis_snapshot_seconds', 'How long the last snapshot took', byStage);
  const snapshotBytes = gaugeOf('sdp_analysis_snapshot_bytes', 'Size of the last snapshot of a partition', byStage);
  const watched = new Map<AnalysisStage, () => Remembered>();
  for (const [name, help, of] of [
    ['partitions', 'Partitions whose state is held here', (all) => all.partitions],
    ['groups', 'Groups that rules remember', (all) => all.groups],
    ['events', 'Events that rules remember', (all) => all.events],
  ] satisfies [string, string, (all: Remembered) => number][]) {
    new Gauge({
      name: `sdp_analysis_state_${name}`,
      help,
      labelNames: byStage,
      registers,
      collect() {
        for (const [stage, remembered] of watched) this.set({ stage }, of(remembered()));
      },
    });
  }
  for (const stage of analysisStages) {
    for (const what of overloads) overloaded.inc({ stage, what }, 0);
  }
  return {
    batch: (stage, took) => seconds.observe({ stage }, took),
    events: (stage, count, known) => {
      events.inc({ stage }, count);
      repeats.inc({ stage }, known);
    },
    late: (rule, count) => late.inc({ rule }, count),
    skewed: (stage, count) => skewed.inc({ stage }, count),
    found: (all) => {
      for (const { detector } of all) findings.inc({ detector });
    },
    facts: (count) => facts.inc(count),
    overloaded: (stage, what, count) => overloaded.inc({ stage, what }, count),
    detectorFailed: (detector) => failures.inc({ detector }),
    snapshot: (stage, took, bytes) => {
      snapshotSeconds.set({ stage }, took);
      snapshotBytes.set({ stage }, bytes);
    },
    rulesReloaded: (isRight) => (isRight ? reloads : reloadFailures).inc(),
    rulesInForce: (count) => inForce.set(count),
    watch: (stage, remembered) => void watched.set(stage, remembered),
  };
}
