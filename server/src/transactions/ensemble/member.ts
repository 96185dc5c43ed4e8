/** One model of an ensemble. */
export interface Member {
  readonly name: string;
  /** Columns of the feature set's vector that it looks at, in its order. */
  readonly columns: readonly number[];
  /**
   * @param matrix whole vectors, row by row
   * @returns per row, 0–1; NaN where the model gave no such number
   * @throws {ConfigError} `model-invalid` when the model gives another number of values than rows
   */
  score(matrix: Float32Array, rows: number): Promise<Float64Array>;
  close(): Promise<void>;
}

/** The columns that a member looks at, row by row. */
export function pickColumns(
  matrix: Float32Array,
  rows: number,
  width: number,
  columns: readonly number[],
): Float32Array {
  const picked = new Float32Array(rows * columns.length);
  let to = 0;
  for (let row = 0; row < rows; row += 1) {
    const from = row * width;
    for (const column of columns) {
      picked[to] = matrix[from + column] as number;
      to += 1;
    }
  }
  return picked;
}

export function isProbability(value: number): boolean {
  return value >= 0 && value <= 1;
}
