import { eventLimits } from '@sdp/shared/contracts';
import type { DraftEvent } from '../events/index.ts';
import { doubleOf, flatAttributes } from './any-value.ts';
import { resourceParts, timeOf } from './event-parts.ts';
import type { DataPoint, Metric, MetricsRequest } from './otlp-types.ts';

/** Values of one moment that share resource and attributes, and from how many data points they come. */
export interface MetricSample {
  readonly event: DraftEvent;
  points: number;
}

export interface MetricSamples {
  readonly samples: readonly MetricSample[];
  /** Data points without a number that an event could hold. */
  readonly unusable: number;
}

/** A point says that there was nothing to record (`DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK`). */
const noValue = 1;

/**
 * Data points as events: one for each resource, moment and set of attributes, with all the metrics that were measured then.
 * Of a histogram there are mean, count, sum, minimum and maximum, of a summary its quantiles too.
 */
export function metricEvents(request: MetricsRequest): MetricSamples {
  const samples: MetricSample[] = [];
  let unusable = 0;
  for (const { resource, scopeMetrics } of request.resourceMetrics ?? []) {
    const parts = resourceParts(resource?.attributes);
    const open = new Map<string, MetricSample>();
    for (const metric of (scopeMetrics ?? []).flatMap(({ metrics }) => metrics ?? [])) {
      for (const { point, values } of pointsOf(metric)) {
        if (((point.flags ?? 0) & noValue) !== 0) continue;
        if (values.length === 0) {
          unusable += 1;
          continue;
        }
        const at = timeOf(point.timeUnixNano) ?? new Date().toISOString();
        const tags = Array.from(flatAttributes(point.attributes), ([name, value]) => [name, String(value)] as const);
        const key = JSON.stringify([at, tags]);
        let sample = open.get(key);
        if (sample === undefined || !hasRoom(sample, values)) {
          sample = { event: sampleEvent(at, tags, parts), points: 0 };
          open.set(key, sample);
          samples.push(sample);
        }
        Object.assign(sample.event['metrics'] as object, Object.fromEntries(values));
        sample.points += 1;
      }
    }
  }
  return { samples, unusable };
}

function sampleEvent(
  at: string,
  tags: readonly (readonly [string, string])[],
  { source, host }: { readonly source: string | undefined; readonly host: string | undefined },
): DraftEvent {
  return {
    type: 'metric',
    at,
    ...(host === undefined ? {} : { host }),
    ...(source === undefined ? {} : { source }),
    ...(tags.length === 0 ? {} : { tags: Object.fromEntries(tags) }),
    metrics: {},
  };
}

function hasRoom({ event }: MetricSample, values: readonly (readonly [string, number])[]): boolean {
  const metrics = event['metrics'] as Readonly<Record<string, number>>;
  if (Object.keys(metrics).length + values.length > eventLimits.metrics) return false;
  return !values.some(([name]) => Object.hasOwn(metrics, name));
}

interface PointValues {
  readonly point: DataPoint;
  readonly values: readonly (readonly [string, number])[];
}

function pointsOf({ name = '', gauge, sum, histogram, exponentialHistogram, summary }: Metric): PointValues[] {
  const single = [...(gauge?.dataPoints ?? []), ...(sum?.dataPoints ?? [])].map((point) => ({
    point,
    values: numbers([[name, doubleOf(point.asDouble) ?? numberOf(point.asInt)]]),
  }));
  const spread = [
    ...(histogram?.dataPoints ?? []),
    ...(exponentialHistogram?.dataPoints ?? []),
    ...(summary?.dataPoints ?? []),
  ].map((point) => ({ point, values: distribution(name, point) }));
  return [...single, ...spread];
}

function distribution(name: string, point: DataPoint): readonly (readonly [string, number])[] {
  const count = numberOf(point.count);
  const sum = doubleOf(point.sum);
  const mean = count === undefined || count === 0 || sum === undefined ? undefined : sum / count;
  const quantiles = (point.quantileValues ?? [])
    .slice(0, 20)
    .map(({ quantile = 0, value }): [string, number | undefined] => {
      return [`${name}.p${Number((Number(quantile) * 100).toFixed(4))}`, doubleOf(value ?? 0)];
    });
  return numbers([
    [`${name}.count`, count],
    [`${name}.sum`, sum],
    [`${name}.mean`, mean],
    [`${name}.min`, doubleOf(point.min)],
    [`${name}.max`, doubleOf(point.max)],
    ...quantiles,
  ]);
}

function numbers(values: readonly (readonly [string, number | undefined])[]): (readonly [string, number])[] {
  return values.filter((entry): entry is [string, number] => entry[1] !== undefined);
}

/** Counts beyond 2^53 lose their last digits, as any reader of JSON would have it. */
function numberOf(value: DataPoint['asInt']): number | undefined {
  return value === undefined ? undefined : Number(value);
}
