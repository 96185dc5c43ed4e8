import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** A table whose outliers are known. */
export interface OutlierSet {
  readonly matrix: { readonly values: Float32Array; readonly rows: number; readonly width: number };
  readonly outlier: readonly boolean[];
}

/** Reads a CSV file, gzipped or not: a header, then rows of numbers of which the last is 1 for an outlier. */
export function readOutlierSet(file: string): OutlierSet {
  const bytes = readFileSync(file);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  const rows = text
    .trim()
    .split(/\r?\n/)
    .slice(1)
    .map((line) => line.split(',').map(Number));
  const width = (rows[0]?.length ?? 1) - 1;
  const values = new Float32Array(rows.length * width);
  for (const [row, cells] of rows.entries()) values.set(cells.slice(0, width), row * width);
  return { matrix: { values, rows: rows.length, width }, outlier: rows.map((row) => row[width] === 1) };
}
