import { doubleOf, numberOf } from './any-value.ts';
import { type Distribution, distributionOf } from './distribution.ts';
import { exponentialOf, histogramOf, summaryOf } from './histogram-points.ts';
import type { DataPoint, Metric } from './otlp-types.ts';

/** A data point of a metric of any kind. */
export interface MetricPoint {
  readonly point: DataPoint;
  /** What the event of this point holds of it, by name; empty where no number is in it. */
  readonly values: readonly (readonly [string, number])[];
  readonly distribution: Distribution | undefined;
  readonly isSingle: boolean;
  /** Counted from the start of its series on, not since the point before. */
  readonly isCumulative: boolean;
}

const mostQuantiles = 20;

export function metricPoints(metric: Metric): MetricPoint[] {
  const { name = '', gauge, sum, histogram, exponentialHistogram, summary } = metric;
  const single = [...(gauge?.dataPoints ?? []), ...(sum?.dataPoints ?? [])].map((point): MetricPoint => {
    const value = doubleOf(point.asDouble) ?? (point.asDouble === undefined ? numberOf(point.asInt) : undefined);
    return {
      point,
      values: value === undefined ? [] : [[name, value]],
      distribution: value === undefined ? undefined : distributionOf(value),
      isSingle: true,
      isCumulative: false,
    };
  });
  const spread = (
    [
      [histogram, histogramOf],
      [exponentialHistogram, exponentialOf],
      // A summary is counted from its start on by its definition.
      [summary === undefined ? undefined : { ...summary, aggregationTemporality: 2 }, summaryOf],
    ] as const
  ).flatMap(([points, distributionOfPoint]) =>
    (points?.dataPoints ?? []).map(
      (point): MetricPoint => ({
        point,
        values: spreadValues(name, point),
        distribution: distributionOfPoint(point),
        isSingle: false,
        isCumulative: isCumulative(points?.aggregationTemporality),
      }),
    ),
  );
  return [...single, ...spread];
}

function isCumulative(temporality: number | string | undefined): boolean {
  return temporality === 2 || temporality === 'AGGREGATION_TEMPORALITY_CUMULATIVE';
}

function spreadValues(name: string, point: DataPoint): readonly (readonly [string, number])[] {
  // In protocol buffers a count of nothing is not written.
  const count = numberOf(point.count) ?? 0;
  const sum = doubleOf(point.sum);
  const mean = count === 0 || sum === undefined ? undefined : sum / count;
  const quantiles = (point.quantileValues ?? [])
    .slice(0, mostQuantiles)
    .map(({ quantile = 0, value }): [string, number | undefined] => {
      return [`${name}.p${Number((Number(quantile) * 100).toFixed(4))}`, doubleOf(value ?? 0)];
    });
  const values: [string, number | undefined][] = [
    [`${name}.count`, count],
    [`${name}.sum`, sum],
    [`${name}.mean`, mean],
    [`${name}.min`, doubleOf(point.min)],
    [`${name}.max`, doubleOf(point.max)],
    ...quantiles,
  ];
  return values.filter((entry): entry is [string, number] => entry[1] !== undefined);
}
