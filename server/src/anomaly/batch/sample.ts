import type { BatchInput } from '../../batches/index.ts';
import type { ForestPlan, Matrix } from '../forest/index.ts';
import { emptyProfile, profileCell, requestedIndices, selectColumns } from './column-selection.ts';
import { forestNumber } from './forest-number.ts';

/** A column that the forest looks at. */
export interface ForestColumn {
  readonly index: number;
  readonly name: string;
  /** Stands in for missing cells, so that a gap by itself isolates nobody. */
  readonly median: number;
}

/** The rows of a batch that the trees are grown on, gaps filled. */
export interface Sample {
  readonly columns: readonly ForestColumn[];
  readonly matrix: Matrix;
  /** Row of `matrix` that holds the batch's record `index` (from 0). */
  readonly rowOf: (index: number) => number;
}

/**
 * Reads a batch once: finds out which columns are numeric and keeps the planned rows.
 *
 * @throws {InputError} `batch-unprocessable` when the columns asked for don't fit or no column is usable
 */
export async function readSample(input: BatchInput<'anomaly_detection'>, plan: ForestPlan): Promise<Sample> {
  const { columns, keyIndex, recordCount, params } = input;
  requestedIndices(columns, params.columns);
  const wanted = new Set<number>();
  for (const sample of plan.samples) for (const index of sample) wanted.add(index);
  const profiles = columns.map(emptyProfile);
  const kept = new Map<number, Float32Array>();
  for await (const chunk of input.readRecords()) {
    input.signal.throwIfAborted();
    for (const [offset, cells] of chunk.rows.entries()) {
      const numbers = wanted.has(chunk.firstSeq - 1 + offset) ? new Float32Array(columns.length) : undefined;
      for (const [column, profile] of profiles.entries()) {
        const value = forestNumber(cells[column]);
        profileCell(profile, cells[column], value);
        if (numbers) numbers[column] = value;
      }
      if (numbers) kept.set(chunk.firstSeq - 1 + offset, numbers);
    }
  }
  const selected = selectColumns({ columns, keyIndex, profiles, recordCount, requested: params.columns });
  return fillSample(kept, selected, columns);
}

function fillSample(
  kept: ReadonlyMap<number, Float32Array>,
  selected: readonly number[],
  names: readonly string[],
): Sample {
  const columns = selected.map((index) => ({ index, name: names[index] as string, median: medianOf(kept, index) }));
  const values = new Float32Array(kept.size * columns.length);
  const rowNumbers = new Map<number, number>();
  for (const [index, numbers] of kept) {
    const row = rowNumbers.size;
    rowNumbers.set(index, row);
    for (const [position, column] of columns.entries()) {
      const value = numbers[column.index] as number;
      values[row * columns.length + position] = Number.isNaN(value) ? column.median : value;
    }
  }
  const matrix = { values, rows: kept.size, width: columns.length };
  return { columns, matrix, rowOf: (index) => rowNumbers.get(index) as number };
}

/** Median of a column's numbers in the sample, 0 if the sample has none. */
function medianOf(kept: ReadonlyMap<number, Float32Array>, column: number): number {
  const present = Float32Array.from(kept.values().map((numbers) => numbers[column] as number)).filter(
    (value) => !Number.isNaN(value),
  );
  return present.sort()[present.length >> 1] ?? 0;
}
