import type { GatewayMetric } from '../config/index.ts';
import type { Statistic } from './distribution.ts';

/** What becomes of a metric beside its own values: one number for each sample of a host, under the name that rules know. */
export interface MetricMapping {
  /** Of the metric in OpenTelemetry. */
  readonly from: string;
  readonly name: string;
  readonly statistic: Statistic | 'busy';
  /** A factor, or the unit that is wanted: what the metric is measured in is said by itself. */
  readonly scale: number | 'ms' | 'percent';
  /** Its unit by the conventions, where the metric doesn't say it. */
  readonly unit?: string;
}

const msIn: Readonly<Record<string, number>> = { s: 1_000, ms: 1, us: 0.001, ns: 0.000_001, min: 60_000 };
const percentIn: Readonly<Record<string, number>> = { '1': 100, '%': 1 };

/**
 * Metrics of OpenTelemetry's semantic conventions by the names that the built-in rules speak of; the first of several for one
 * name that has a value is taken. At 1 s, where the built-in rule has its threshold, the conventions advise a bound of
 * buckets: `p95` is above it exactly if more than 5 % of the requests took longer.
 */
const conventions: readonly MetricMapping[] = [
  { from: 'system.cpu.utilization', name: 'cpu_percent', statistic: 'busy', scale: 'percent', unit: '1' },
  { from: 'process.cpu.utilization', name: 'cpu_percent', statistic: 'busy', scale: 'percent', unit: '1' },
  { from: 'http.server.request.duration', name: 'latency_ms', statistic: 'p95', scale: 'ms', unit: 's' },
  { from: 'http.server.duration', name: 'latency_ms', statistic: 'p95', scale: 'ms', unit: 'ms' },
];

/** The mappings of a configuration, before those by the conventions which it says nothing of. */
export function metricMappings(own: ReadonlyMap<string, GatewayMetric | 'none'> = new Map()): readonly MetricMapping[] {
  const wanted = Array.from(own).flatMap(([from, to]): MetricMapping[] =>
    to === 'none' ? [] : [{ from, name: to.name, statistic: to.statistic ?? 'mean', scale: to.scale ?? 1 }],
  );
  return [...wanted, ...conventions.filter(({ from }) => !own.has(from))];
}

/** @param unit what the metric says it is measured in, by UCUM. @returns `undefined` for one that can't be converted */
export function factorOf(mapping: MetricMapping, unit: string | undefined): number | undefined {
  const { scale } = mapping;
  if (typeof scale === 'number') return scale;
  const factors = scale === 'ms' ? msIn : percentIn;
  const said = unit === undefined || unit === '' ? (mapping.unit ?? '') : unit;
  return Object.hasOwn(factors, said) ? factors[said] : undefined;
}
