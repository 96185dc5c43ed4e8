import type { Scalar } from './any-value.ts';
import { type Distribution, merged, statisticOf } from './distribution.ts';
import { factorOf, type MetricMapping } from './metric-mapping.ts';

/** A value of a mapped metric at one moment, or how several lay over an interval. */
export interface MappedPoint {
  readonly metric: string;
  readonly unit: string | undefined;
  readonly atMs: number;
  /** Of the point in its request. */
  readonly position: number;
  /** Tells the series from others of the metric; of a series with single values the last one counts. */
  readonly series: string;
  readonly attributes: ReadonlyMap<string, Scalar>;
  readonly distribution: Distribution;
  /** A gauge or a sum. */
  readonly isSingle: boolean;
}

/** One number for each mapped name. */
export interface MappedSample {
  readonly atMs: number;
  /** Of its first point. */
  readonly position: number;
  readonly values: readonly (readonly [string, number])[];
}

/** SDKs take one export's metrics one after the other: so much apart they are of one sample. */
const sampleMs = 1_000;

/**
 * What the mapped points of one service on one host say: one sample for each moment, whatever attributes the points have, so
 * that a rule can count samples of a host, and ask for several values at once.
 */
export function mappedSamples(points: readonly MappedPoint[], mappings: readonly MetricMapping[]): MappedSample[] {
  return moments(points).flatMap((moment) => {
    const values = new Map<string, number>();
    for (const mapping of mappings) {
      if (values.has(mapping.name)) continue;
      const value = mappedValue(
        moment.filter(({ metric }) => metric === mapping.from),
        mapping,
      );
      if (value !== undefined) values.set(mapping.name, value);
    }
    if (values.size === 0) return [];
    const atMs = Math.max(...moment.map((point) => point.atMs));
    return [{ atMs, position: Math.min(...moment.map(({ position }) => position)), values: [...values] }];
  });
}

function moments(points: readonly MappedPoint[]): MappedPoint[][] {
  const groups: MappedPoint[][] = [];
  for (const point of points.toSorted((a, b) => a.atMs - b.atMs || a.position - b.position)) {
    const first = groups.at(-1)?.[0];
    if (first === undefined || point.atMs - first.atMs >= sampleMs) groups.push([point]);
    else groups.at(-1)?.push(point);
  }
  return groups;
}

function mappedValue(points: readonly MappedPoint[], mapping: MetricMapping): number | undefined {
  const latest = new Map<string, MappedPoint>();
  const counted = points.filter((point) => {
    if (point.isSingle) latest.set(point.series, point);
    return !point.isSingle;
  });
  const all = [...counted, ...latest.values()];
  const [first] = all;
  const factor = first === undefined ? undefined : factorOf(mapping, first.unit);
  if (factor === undefined) return undefined;
  const value =
    mapping.statistic === 'busy'
      ? busyShare(all)
      : statisticOf(merged(all.map(({ distribution }) => distribution)) as Distribution, mapping.statistic);
  if (value === undefined || !Number.isFinite(value * factor)) return undefined;
  // 0.83 times 100 is 83, not 82.99999999999999.
  return Number((value * factor).toPrecision(12));
}

const idle = 'idle';

/**
 * How busy processors were: of each all but its idle time, of all of them the mean; of several processes that tell of one host
 * the busiest.
 */
function busyShare(points: readonly MappedPoint[]): number | undefined {
  const byResource = Map.groupBy(points, ({ series }) => series.slice(0, series.indexOf('\n')));
  const shares = Array.from(byResource.values(), (ofResource) => {
    const cpus = Map.groupBy(ofResource, ({ attributes }) =>
      String(attributes.get('cpu.logical_number') ?? attributes.get('cpu') ?? ''),
    );
    const busy = Array.from(cpus.values(), busyOf);
    return busy.reduce((sum, share) => sum + share, 0) / busy.length;
  });
  return shares.length === 0 ? undefined : Math.max(...shares);
}

function busyOf(points: readonly MappedPoint[]): number {
  const stateOf = ({ attributes }: MappedPoint) => attributes.get('cpu.mode') ?? attributes.get('state');
  const valueOfPoint = ({ distribution }: MappedPoint) => distribution.sum ?? 0;
  const resting = points.find((point) => stateOf(point) === idle);
  return resting === undefined
    ? points.reduce((sum, point) => sum + valueOfPoint(point), 0)
    : 1 - valueOfPoint(resting);
}
