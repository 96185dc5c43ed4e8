/** Rows of numbers without gaps, row-major. */
export interface Matrix {
  readonly values: Float32Array;
  readonly rows: number;
  readonly width: number;
}

/**
 * By column: all values that it may have, ascending, each once, where they are few and known. Such a column is split between
 * any two of them, whether or not the rows at hand have them: a value too rare for a sample is isolated all the same.
 */
export type ColumnLevels = readonly (Float32Array | undefined)[];
