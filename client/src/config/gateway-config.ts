import { eventNamePattern } from '@sdp/shared/contracts';
import { isMap, isScalar } from 'yaml';
import { type ConfigSource, type Entry, entriesOf, nameOf, textOf, unknownKey } from './yaml-entries.ts';

/** What becomes of a metric of OpenTelemetry beside its own values. */
export interface GatewayMetric {
  /** In the event. */
  readonly name: string;
  /** Of all its values at a moment; the mean where left out. */
  readonly statistic?: 'mean' | 'min' | 'max' | 'sum' | `p${number}`;
  readonly scale?: number;
}

/** What a configuration says of the receiver of OpenTelemetry's data. */
export interface GatewayConfig {
  /** By the metric's name there; `none` has nothing become of it. */
  readonly metrics: ReadonlyMap<string, GatewayMetric | 'none'>;
}

const statisticForm = /^(?:mean|min|max|sum|p(?:\d{1,2}(?:\.\d{1,3})?|100))$/;
const metricKeys = ['name', 'statistic', 'scale'];

/** Reads the map `gateway:`; adds findings for all that is wrong in it. */
export function parseGatewayConfig(entry: Entry, source: ConfigSource): GatewayConfig {
  const metrics = new Map<string, GatewayMetric | 'none'>();
  for (const section of mapEntries(entry, source)) {
    if (section.name !== 'metrics') {
      source.findings.add(section.key, unknownKey(section.name, ['metrics']), 'gateway');
      continue;
    }
    for (const metric of mapEntries({ ...section, name: 'gateway.metrics' }, source)) {
      const read = metricOf({ ...metric, name: `gateway.metrics.${metric.name}` }, source);
      if (read !== undefined) metrics.set(metric.name, read);
    }
  }
  return { metrics };
}

/** `NAME`, `none`, or `{ name, statistic, scale }`. */
function metricOf(entry: Entry, source: ConfigSource): GatewayMetric | 'none' | undefined {
  const { findings } = source;
  if (!isMap(entry.value)) {
    if (textOf(entry.value) === 'none') return 'none';
    const name = metricName(entry, source);
    return name === undefined ? undefined : { name };
  }
  const parts = new Map<string, Entry>();
  for (const part of entriesOf(entry.value, source)) {
    if (metricKeys.includes(part.name)) parts.set(part.name, { ...part, name: `${entry.name}.${part.name}` });
    else findings.add(part.key, unknownKey(part.name, metricKeys), entry.name);
  }
  const named = parts.get('name');
  if (named === undefined) findings.add(entry.value, 'name is missing', entry.name);
  const name = named === undefined ? undefined : metricName(named, source);
  const statistic = statisticOf(parts.get('statistic'), source);
  const scale = scaleOf(parts.get('scale'), source);
  if (name === undefined) return undefined;
  return { name, ...(statistic === undefined ? {} : { statistic }), ...(scale === undefined ? {} : { scale }) };
}

function metricName(entry: Entry, source: ConfigSource): string | undefined {
  const name = nameOf(entry, source);
  if (name === undefined || eventNamePattern.test(name)) return name;
  source.findings.add(
    entry.value ?? entry.key,
    'must be a name that events may have: a letter or "_", then letters, digits and "_.:/@$-", at most 64',
    entry.name,
  );
  return undefined;
}

function statisticOf(entry: Entry | undefined, { findings }: ConfigSource): GatewayMetric['statistic'] {
  if (entry === undefined) return undefined;
  const text = textOf(entry.value) ?? '';
  if (statisticForm.test(text)) return text as NonNullable<GatewayMetric['statistic']>;
  findings.add(entry.value ?? entry.key, 'must be mean, min, max, sum or a percentile such as p95', entry.name);
  return undefined;
}

function scaleOf(entry: Entry | undefined, { findings }: ConfigSource): number | undefined {
  if (entry === undefined) return undefined;
  const value = isScalar(entry.value) ? entry.value.value : undefined;
  if (typeof value === 'number' && Number.isFinite(value) && value !== 0) return value;
  findings.add(entry.value ?? entry.key, 'must be a number other than 0', entry.name);
  return undefined;
}

function mapEntries(entry: Entry, source: ConfigSource): Entry[] {
  if (isMap(entry.value)) return entriesOf(entry.value, source);
  source.findings.add(entry.value ?? entry.key, 'must be a map', entry.name);
  return [];
}
