import { readFileSync } from 'node:fs';
import { ColumnProfile } from '../server/src/anomaly/batch/column-profile.ts';
import { selectColumns } from '../server/src/anomaly/batch/column-selection.ts';
import { type ForestFeature, featuresOf } from '../server/src/anomaly/batch/forest-features.ts';
import { type ColumnLevels, growForest, planForest } from '../server/src/anomaly/forest/index.ts';
import { MersenneTwister } from '../server/src/anomaly/forest/mersenne-twister.ts';
import { prAuc, rocAuc } from '../test/support/ranking-metrics.ts';
import { hasTestData, testDataPath } from '../test/support/test-data.ts';
import { readAdult } from './adult.ts';
import { markdownTable } from './measure.ts';

const seeds = 5;
const injected = 60;

interface LabelledTable {
  readonly name: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly outlier: readonly boolean[];
}

interface Encoded {
  readonly columns: readonly Float32Array[];
  readonly levels?: ColumnLevels;
}
type Encoding = (features: readonly ForestFeature[], rows: LabelledTable['rows']) => Encoded;

const cellsOf = (feature: ForestFeature, rows: LabelledTable['rows']) => rows.map((row) => row[feature.index] ?? '');
const read = (feature: ForestFeature, rows: LabelledTable['rows']) =>
  Float32Array.from(cellsOf(feature, rows), feature.read);

/** Ways to make numbers of categories; the other columns stay as they are. */
const encodings: Readonly<Record<string, Encoding>> = {
  'rarity in bits, splits between all levels (sdp)': (features, rows) => ({
    columns: features.map((feature) => read(feature, rows)),
    levels: features.map(({ levels }) => levels),
  }),
  'rarity in bits, splits within the sample': (features, rows) => ({
    columns: features.map((feature) => read(feature, rows)),
  }),
  'share of the records': (features, rows) => ({
    columns: features.map((feature) =>
      feature.levels ? read(feature, rows).map((bits) => 2 ** -bits) : read(feature, rows),
    ),
  }),
  'numbers in order of appearance': (features, rows) => ({
    columns: features.map((feature) => {
      if (!feature.levels) return read(feature, rows);
      const codes = new Map<string, number>();
      return Float32Array.from(cellsOf(feature, rows), (cell) => {
        if (!codes.has(cell)) codes.set(cell, codes.size);
        return codes.get(cell) as number;
      });
    }),
  }),
  'a column for each value': (features, rows) => ({
    columns: features.flatMap((feature) => {
      if (!feature.levels) return [read(feature, rows)];
      const cells = cellsOf(feature, rows);
      return [...new Set(cells)].map((value) => Float32Array.from(cells, (cell) => Number(cell === value)));
    }),
  }),
};

/** Which way of making numbers of categories lets a forest find odd ones. */
export function benchCategories(): string {
  const tables = [...oddAdults(), ...solarFlares()];
  if (tables.length === 0) return 'Not measured: the tables are not here.';
  const rows = Object.entries(encodings).map(([name, encode]) => [
    name,
    ...tables.map((table) => rankings(table, encode)),
  ]);
  return [
    `ROC-AUC and PR-AUC, means of ${seeds} seeds.\n`,
    markdownTable(['categories as', ...tables.map(({ name }) => name)], rows),
  ].join('\n');
}

function rankings({ header, rows, outlier }: LabelledTable, encode: Encoding): string {
  const profiles = header.map(() => new ColumnProfile());
  for (const row of rows) for (const [index, profile] of profiles.entries()) profile.add(row[index]);
  const none = undefined;
  const selected = selectColumns({ columns: header, keyIndex: -1, profiles, requested: none, excluded: none });
  const { columns, levels } = encode(featuresOf(selected, rows.length), rows);
  const width = columns.length;
  const values = Float32Array.from({ length: rows.length * width }, (_, cell) => {
    return columns[cell % width]?.[Math.floor(cell / width)] as number;
  });
  const matrix = { values, rows: rows.length, width };
  let roc = 0;
  let pr = 0;
  for (let seed = 0; seed < seeds; seed += 1) {
    const options = { rowOf: (index: number) => index, ...(levels && { levels }) };
    const scores = growForest(planForest(rows.length, seed), matrix, options).score(matrix);
    roc += rocAuc(scores, outlier) / seeds;
    pr += prAuc(scores, outlier) / seeds;
  }
  return `${roc.toFixed(4)} / ${pr.toFixed(4)}`;
}

/** Adult with some records changed: one cell to a value that three records have, or three cells to the rarest values there are. */
function oddAdults(): LabelledTable[] {
  const adult = readAdult();
  if (!adult) return [];
  const { header } = adult;
  const categories = header.flatMap((name, index) => (name === 'age' ? [] : [index]));
  const rarest = categories.map((index) => {
    const counts = new Map<string, number>();
    for (const row of adult.rows) counts.set(row[index] ?? '', (counts.get(row[index] ?? '') ?? 0) + 1);
    return [...counts].sort(([, a], [, b]) => a - b)[0]?.[0] ?? '';
  });
  const changed = (name: string, change: (row: string[], nth: number, random: MersenneTwister) => void) => {
    const random = new MersenneTwister(11);
    const odd = random.permutation(adult.rows.length).slice(0, injected);
    const rows = adult.rows.map((row) => [...row]);
    for (const [nth, index] of odd.entries()) change(rows[index] as string[], nth, random);
    const isOdd = new Set(odd);
    return { name, header, rows, outlier: rows.map((_, index) => isOdd.has(index)) };
  };
  return [
    changed('adult, one value of three records', (row, nth, random) => {
      row[categories[random.below(categories.length)] as number] = `value-${Math.floor(nth / 3)}`;
    }),
    changed('adult, three of the rarest values', (row, _nth, random) => {
      for (const at of random.permutation(categories.length).slice(0, 3)) {
        row[categories[at] as number] = rarest[at] as string;
      }
    }),
  ];
}

/** A real set: ten categories of sunspots, and whether a strong flare followed. */
function solarFlares(): LabelledTable[] {
  if (!hasTestData('anom-adrepository', 'solar-flare_FvsAll-cleaned.arff')) return [];
  const lines = readFileSync(testDataPath('anom-adrepository', 'solar-flare_FvsAll-cleaned.arff'), 'utf8').split(
    /\r?\n/,
  );
  const header = lines.flatMap((line) => /^@attribute\s+(\S+)/i.exec(line)?.[1] ?? []);
  const data = lines.slice(lines.findIndex((line) => /^@data/i.test(line)) + 1).filter((line) => line.includes(','));
  const rows = data.map((line) => line.split(',').map((cell) => cell.trim()));
  const label = header.length - 1;
  return [
    {
      name: 'solar flares (real)',
      header: header.slice(0, label),
      rows: rows.map((row) => row.slice(0, label)),
      outlier: rows.map((row) => row[label] === '1'),
    },
  ];
}
