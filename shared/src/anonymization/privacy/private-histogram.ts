import { numberOfCell } from '../../contracts/index.ts';
import type { PrivacyParameters } from './noise.ts';
import { CountNoise } from './private-count.ts';
import type { PrivateAggregate, PrivateStatistic, StatisticOptions } from './private-statistic.ts';

/** What a histogram counts; declared without looking at the data, since which values there are is itself private. */
export type Bins =
  | { readonly kind: 'categories'; readonly categories: readonly string[] }
  /** Ascending. A bin reaches from one edge up to, and without, the next; the last holds its upper edge too. */
  | { readonly kind: 'edges'; readonly edges: readonly number[] };

/**
 * How many records there are in each bin. A record is in one bin at most, so all bins together cost as much as one count;
 * records outside all bins aren't counted.
 */
export function privateHistogram(
  bins: Bins,
  parameters: PrivacyParameters,
  { recordsPerPerson, confidence }: StatisticOptions,
): PrivateStatistic {
  const noise = new CountNoise(parameters, recordsPerPerson);
  const labels = labelsOf(bins);
  const binOf = bins.kind === 'categories' ? byCategory(bins.categories) : byEdges(bins.edges);
  return {
    cost: noise.noise.cost,
    aggregate: (): PrivateAggregate => {
      const counts = new Float64Array(labels.length);
      return {
        add: (cell) => {
          const bin = binOf(cell);
          if (bin !== undefined) counts[bin] = (counts[bin] as number) + 1;
        },
        release: (random) =>
          labels.map((label, bin) => noise.release(counts[bin] as number, label, confidence, random)),
      };
    },
  };
}

function labelsOf(bins: Bins): readonly string[] {
  if (bins.kind === 'categories') return bins.categories;
  const { edges } = bins;
  return edges.slice(1).map((upper, bin) => `[${edges[bin]}, ${upper}${bin === edges.length - 2 ? ']' : ')'}`);
}

function byCategory(categories: readonly string[]): (cell: string) => number | undefined {
  const bins = new Map(categories.map((category, bin) => [category, bin]));
  if (bins.size !== categories.length) throw new RangeError('Each category has to be named once.');
  return (cell) => bins.get(cell);
}

function byEdges(edges: readonly number[]): (cell: string) => number | undefined {
  if (edges.length < 2 || !edges.every((edge, index) => index === 0 || edge > (edges[index - 1] as number))) {
    throw new RangeError('A histogram needs at least two edges, in ascending order.');
  }
  const last = edges.length - 1;
  return (cell) => {
    const value = numberOfCell(cell);
    if (!(value >= (edges[0] as number) && value <= (edges[last] as number))) return undefined;
    let low = 0;
    let high = last - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (value >= (edges[middle] as number)) low = middle;
      else high = middle - 1;
    }
    return low;
  };
}
