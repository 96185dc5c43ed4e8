import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What write-features.ts wrote. */
export interface FeatureMatrix {
  readonly names: readonly string[];
  readonly values: Float32Array;
  readonly rows: number;
  /** Per row, 0 is the first day. */
  readonly day: Int32Array;
}

export function readMatrix(folder: string): FeatureMatrix {
  const { names, rows } = JSON.parse(readFileSync(join(folder, 'feature-set.json'), 'utf8'));
  const bytes = readFileSync(join(folder, 'features.f32'));
  const values = new Float32Array(rows * names.length);
  new Uint8Array(values.buffer).set(bytes);
  const lines = readFileSync(join(folder, 'rows.csv'), 'utf8').trimEnd().split('\n').slice(1);
  const days = lines.map((line) => Number(line.split(',')[1]));
  return { names, values, rows, day: Int32Array.from(days, (day) => day - (days[0] as number)) };
}
