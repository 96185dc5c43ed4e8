import { z } from 'zod';
import { exactAveragePathLength, forestOf, type IsolationTree } from '../../anomaly/index.ts';
import { featureSet } from '../features/index.ts';
import { type ForestMemberManifest, packageInvalid, parseJson } from './manifest.ts';
import { isProbability, type Member, pickColumns } from './member.ts';

const width = featureSet.names.length;
const deepest = 16;

/** Trees in flat arrays, as base64 of their little-endian bytes. */
const forestSchema = z.strictObject({
  schema_version: z.literal(1),
  sample_size: z.int().min(2).max(65_536),
  depth: z.int().min(1).max(deepest),
  trees: z
    .array(z.strictObject({ column: z.base64(), threshold: z.base64(), path_length: z.base64() }))
    .min(1)
    .max(1_000),
});
type ForestFile = z.infer<typeof forestSchema>;

/** @throws {ConfigError} `model-invalid` */
export function openForestMember({ name, file, features }: ForestMemberManifest, bytes: Uint8Array): Member {
  const parsed = forestSchema.safeParse(parseJson(bytes, file));
  if (!parsed.success) throw packageInvalid('the isolation forest is not valid', file);
  const trees = parsed.data.trees.map((tree) => treeOf(tree, parsed.data.depth, features.length, file));
  const forest = forestOf(trees, exactAveragePathLength(parsed.data.sample_size));
  const columns = features.map((feature) => featureSet.names.indexOf(feature));
  return {
    name,
    columns,
    async score(matrix, rows) {
      const values = pickColumns(matrix, rows, width, columns);
      const scores = forest.score({ values, rows, width: columns.length });
      return scores.map((value) => (isProbability(value) ? value : Number.NaN));
    },
    close: async () => undefined,
  };
}

/** The file of a forest that was grown. */
export function forestFileOf(trees: readonly IsolationTree[], sampleSize: number): ForestFile {
  return {
    schema_version: 1,
    sample_size: sampleSize,
    depth: trees[0]?.depth ?? 0,
    trees: trees.map(({ column, threshold, pathLength }) => ({
      column: base64(column),
      threshold: base64(threshold),
      path_length: base64(Float32Array.from(pathLength)),
    })),
  };
}

function base64(values: Uint16Array | Float32Array): string {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');
}

function treeOf(tree: ForestFile['trees'][number], depth: number, columns: number, file: string): IsolationTree {
  const leaves = 2 ** depth;
  const column = new Uint16Array(bytesOf(tree.column, 2));
  const threshold = new Float32Array(bytesOf(tree.threshold, 4));
  const pathLength = Float64Array.from(new Float32Array(bytesOf(tree.path_length, 4)));
  const isWhole = column.length === leaves - 1 && threshold.length === leaves - 1 && pathLength.length === leaves;
  const isSane =
    column.every((index) => index < columns) &&
    threshold.every((value) => !Number.isNaN(value)) &&
    pathLength.every((value) => Number.isFinite(value) && value >= 0);
  if (!isWhole || !isSane) throw packageInvalid('a tree of the isolation forest is not valid', file);
  // What columns did to isolate is asked of the whole ensemble, so no credits are kept.
  return { depth, column, threshold, pathLength, credit: new Float32Array(2 * leaves - 1) };
}

/** A copy that begins where typed arrays may; a number that is cut off is left out and found missing. */
function bytesOf(text: string, unit: number): ArrayBuffer {
  const bytes = Buffer.from(text, 'base64');
  const copy = new Uint8Array(bytes.length - (bytes.length % unit));
  copy.set(bytes.subarray(0, copy.length));
  return copy.buffer;
}
