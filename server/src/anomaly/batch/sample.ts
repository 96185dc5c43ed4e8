import type { Cell } from '@sdp/shared/contracts';
import type { BatchInput } from '../../batches/index.ts';
import type { ForestPlan, Matrix } from '../forest/index.ts';
import { ColumnProfile } from './column-profile.ts';
import { indicesOf, selectColumns } from './column-selection.ts';
import { type ForestFeature, featuresOf } from './forest-features.ts';
import { rowsInTurns } from './rows-in-turns.ts';

type Row = readonly (Cell | undefined)[];

/** The rows of a batch that the trees are grown on, gaps filled. */
export interface Sample {
  readonly features: readonly ForestFeature[];
  readonly matrix: Matrix;
  /** Row of `matrix` that holds the batch's record `index` (from 0). */
  readonly rowOf: (index: number) => number;
  /** By feature: what the sample's records have, ascending. */
  readonly sorted: readonly Float32Array[];
}

/**
 * Reads a batch once and finds out what its columns hold.
 *
 * @throws {InputError} `batch-unprocessable` before, for a column asked for that isn't there
 */
export async function profileColumns(input: BatchInput<'anomaly_detection'>): Promise<readonly ColumnProfile[]> {
  const { columns, params } = input;
  indicesOf(columns, params.columns);
  indicesOf(columns, params.exclude);
  const profiles = columns.map(() => new ColumnProfile());
  for await (const { rows } of rowsInTurns(input)) {
    for (const cells of rows) for (const [index, profile] of profiles.entries()) profile.add(cells[index]);
  }
  return profiles;
}

/**
 * Reads a batch and keeps the planned rows.
 *
 * @throws {InputError} `batch-unprocessable` when the columns asked for don't fit or no column is usable
 */
export async function readSample(
  input: BatchInput<'anomaly_detection'>,
  plan: ForestPlan,
  profiles: readonly ColumnProfile[],
): Promise<Sample> {
  const { columns, keyIndex, recordCount, params } = input;
  const selected = selectColumns({
    columns,
    keyIndex,
    profiles,
    requested: params.columns,
    excluded: params.exclude,
  });
  const features = featuresOf(selected, recordCount);
  const { values, rowNumbers } = await keepPlanned(input, plan, features);
  const width = features.length;
  const sorted = features.map((_, at) =>
    column(values, width, at)
      .filter((value) => !Number.isNaN(value))
      .sort(),
  );
  fillGaps(values, width, sorted);
  return {
    features,
    matrix: { values, rows: rowNumbers.size, width },
    rowOf: (index) => rowNumbers.get(index) as number,
    sorted,
  };
}

async function keepPlanned(
  input: BatchInput<'anomaly_detection'>,
  plan: ForestPlan,
  features: readonly ForestFeature[],
): Promise<{ values: Float32Array; rowNumbers: Map<number, number> }> {
  const wanted = new Set<number>();
  for (const sample of plan.samples) for (const index of sample) wanted.add(index);
  const rowNumbers = new Map<number, number>();
  const values = new Float32Array(wanted.size * features.length);
  for await (const { firstSeq, rows } of rowsInTurns(input)) {
    for (const [offset, cells] of rows.entries()) {
      const index = firstSeq - 1 + offset;
      if (!wanted.has(index)) continue;
      readInto(values, rowNumbers.size, features, cells);
      rowNumbers.set(index, rowNumbers.size);
    }
  }
  return { values, rowNumbers };
}

/** Reads a record's features into a row of a matrix; NaN for gaps. */
function readInto(values: Float32Array, row: number, features: readonly ForestFeature[], cells: Row): void {
  const from = row * features.length;
  for (const [at, feature] of features.entries()) values[from + at] = feature.read(cells[feature.index]);
}

/** The features of records as a matrix; the sample's median stands in for gaps, so that a gap by itself isolates nobody. */
export function matrixOf(rows: readonly Row[], { features, sorted }: Sample): Matrix {
  const width = features.length;
  const values = new Float32Array(rows.length * width);
  for (const [row, cells] of rows.entries()) readInto(values, row, features, cells);
  fillGaps(values, width, sorted);
  return { values, rows: rows.length, width };
}

function fillGaps(values: Float32Array, width: number, sorted: readonly Float32Array[]): void {
  const medians = sorted.map((column) => column[column.length >> 1] ?? 0);
  for (let cell = 0; cell < values.length; cell += 1) {
    if (Number.isNaN(values[cell])) values[cell] = medians[cell % width] as number;
  }
}

function column(values: Float32Array, width: number, at: number): Float32Array {
  return Float32Array.from({ length: values.length / width }, (_, row) => values[row * width + at] as number);
}
