import { eventLimits } from '@sdp/shared/contracts';
import type { DraftEvent } from '../events/index.ts';
import { flatAttributes, type Scalar } from './any-value.ts';
import { isoTime, msOf, type ResourceParts, resourceParts } from './event-parts.ts';
import { type MappedPoint, mappedSamples } from './mapped-samples.ts';
import type { MetricIntervals } from './metric-intervals.ts';
import type { MetricMapping } from './metric-mapping.ts';
import { type MetricPoint, metricPoints } from './metric-points.ts';
import type { Metric, MetricsRequest } from './otlp-types.ts';
import type { RequestEvent, RequestEvents } from './request-event.ts';

export interface MetricOptions {
  readonly mappings: readonly MetricMapping[];
  readonly intervals: MetricIntervals;
}

/** Values of one moment that share resource and attributes. */
interface Sample {
  readonly event: DraftEvent;
  readonly position: string | undefined;
  items: number;
}

/** A point says that there was nothing to record (`DATA_POINT_FLAGS_NO_RECORDED_VALUE_MASK`). */
const noValue = 1;

/**
 * Data points as events: one for each resource, moment and set of attributes, with all the metrics that were measured then. Of
 * a histogram there are mean, count, sum, minimum and maximum, of a summary its quantiles too. What mappings name is told once
 * more, in one event for each moment of a service on a host.
 */
export function metricEvents(request: MetricsRequest, { mappings, intervals }: MetricOptions): RequestEvents {
  const wanted = new Set(mappings.map(({ from }) => from));
  const samples: Sample[] = [];
  const mapped = new Map<string, { readonly parts: ResourceParts; readonly points: MappedPoint[] }>();
  let unusable = 0;
  let position = 0;
  for (const { resource, scopeMetrics } of request.resourceMetrics ?? []) {
    const parts = resourceParts(resource?.attributes);
    const open = new Map<string, Sample>();
    const resourceKey = JSON.stringify([parts.source, parts.host, ...parts.rest]);
    for (const { scope, metrics } of scopeMetrics ?? []) {
      for (const metric of metrics ?? []) {
        for (const given of metricPoints(metric)) {
          position += 1;
          const { point, values } = given;
          if (((point.flags ?? 0) & noValue) !== 0) continue;
          if (values.length === 0) {
            unusable += 1;
            continue;
          }
          const attributes = flatAttributes(point.attributes);
          const said = msOf(point.timeUnixNano);
          const atMs = said ?? Date.now();
          const sample = sampleFor(values, {
            atMs,
            attributes,
            parts,
            open,
            samples,
            position,
            isTimed: said !== undefined,
          });
          Object.assign(sample.event['metrics'] as object, Object.fromEntries(values));
          sample.items += 1;
          if (!wanted.has(metric.name ?? '') || said === undefined) continue;
          const series = `${resourceKey}\n${JSON.stringify([scope?.name, metric.name, ...attributes])}`;
          const found = mappedPoint(metric, given, { series, attributes, atMs, position, intervals });
          if (found === undefined) continue;
          const group = JSON.stringify([parts.source, parts.host]);
          const before = mapped.get(group);
          if (before === undefined) mapped.set(group, { parts, points: [found] });
          else before.points.push(found);
        }
      }
    }
  }
  const told = Array.from(mapped.values()).flatMap(({ parts, points }) =>
    mappedSamples(points, mappings).map((sample): RequestEvent => {
      const event = { ...sampleEvent(sample.atMs, new Map(), parts), metrics: Object.fromEntries(sample.values) };
      return { event, position: `s${sample.position}`, items: 0 };
    }),
  );
  const events = samples.map(({ event, position: at, items }): RequestEvent => {
    return { event, items, ...(at === undefined ? {} : { position: at }) };
  });
  return { events: [...events, ...told], unusable };
}

interface SamplePlace {
  readonly atMs: number;
  readonly attributes: ReadonlyMap<string, Scalar>;
  readonly parts: ResourceParts;
  /** Of this resource, by moment and attributes. */
  readonly open: Map<string, Sample>;
  readonly samples: Sample[];
  readonly position: number;
  readonly isTimed: boolean;
}

/** The sample that values belong to; another one where it has no room for them, or has such values already. */
function sampleFor(values: MetricPoint['values'], place: SamplePlace): Sample {
  const { atMs, attributes, parts, open, samples, position, isTimed } = place;
  const key = JSON.stringify([isTimed ? atMs : 'now', ...attributes]);
  const before = open.get(key);
  if (before !== undefined && hasRoom(before, values)) return before;
  const event = { ...sampleEvent(atMs, attributes, parts), metrics: {} };
  const sample: Sample = { event, position: isTimed ? String(position) : undefined, items: 0 };
  open.set(key, sample);
  samples.push(sample);
  return sample;
}

function sampleEvent(
  atMs: number,
  attributes: ReadonlyMap<string, Scalar>,
  { source, host }: ResourceParts,
): DraftEvent {
  return {
    type: 'metric',
    at: isoTime(atMs),
    ...(host === undefined ? {} : { host }),
    ...(source === undefined ? {} : { source }),
    ...(attributes.size === 0
      ? {}
      : { tags: Object.fromEntries(Array.from(attributes, ([name, value]) => [name, String(value)])) }),
  };
}

function hasRoom({ event }: Sample, values: MetricPoint['values']): boolean {
  const metrics = event['metrics'] as Readonly<Record<string, number>>;
  if (Object.keys(metrics).length + values.length > eventLimits.metrics) return false;
  return !values.some(([name]) => Object.hasOwn(metrics, name));
}

interface PointPlace extends Pick<MappedPoint, 'series' | 'attributes' | 'atMs' | 'position'> {
  readonly intervals: MetricIntervals;
}

/** @returns `undefined` where it can't be told what came since the point before */
function mappedPoint(
  { name = '', unit }: Metric,
  { point, distribution, isSingle, isCumulative }: MetricPoint,
  { intervals, ...place }: PointPlace,
): MappedPoint | undefined {
  if (distribution === undefined) return undefined;
  const told = isCumulative
    ? intervals.next(place.series, { startMs: msOf(point.startTimeUnixNano), atMs: place.atMs, whole: distribution })
    : distribution;
  return told === undefined ? undefined : { metric: name, unit, distribution: told, isSingle, ...place };
}
