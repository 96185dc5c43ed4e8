// Grows the isolation forest of the fraud ensemble on the training days, without looking at labels:
//   node --conditions=sdp-source scripts/fraud/grow-forest.ts MATRIX PACKAGE
// Writes PACKAGE/forest.json, and MATRIX/forest.f32 with the forest's score of each row.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exactAveragePathLength, forestOf, growTrees, planForest } from '../../server/src/anomaly/index.ts';
import { forestFileOf } from '../../server/src/transactions/ensemble/forest-member.ts';
import { readMatrix } from './matrix.ts';

const seed = 20_180_422;
/** As in server/models/fraud/recipe.py. */
const firstDay = 4;
const lastDay = 13;
/** Few, so that what matters isn't lost among columns that stand for the same. */
const forestFeatures = [
  'amount',
  'customer_count_1h',
  'customer_count_1d',
  'customer_amount_1d',
  'customer_amount_to_mean',
  'customer_amount_to_max',
  'customer_amount_deviation',
  'terminal_count_1h',
  'terminal_count_1d',
  'terminal_amount_to_mean',
  'terminal_reports_14d',
  'terminal_report_share_14d',
];

const [matrixFolder, packageFolder] = process.argv.slice(2);
if (!matrixFolder || !packageFolder) throw new Error('give the folder of the matrix and that of the package');
const matrix = readMatrix(matrixFolder);
const columns = forestFeatures.map((name) => matrix.names.indexOf(name));
const width = columns.length;
const values = new Float32Array(matrix.rows * width);
for (let row = 0; row < matrix.rows; row += 1) {
  for (const [to, column] of columns.entries()) {
    values[row * width + to] = matrix.values[row * matrix.names.length + column] as number;
  }
}
const training = [...matrix.day.keys()].filter((row) => {
  const day = matrix.day[row] as number;
  return day >= firstDay && day <= lastDay;
});
const plan = planForest(training.length, seed);
const all = { values, rows: matrix.rows, width };
const trees = growTrees(plan, all, { rowOf: (index) => training[index] as number });
const sampleSize = plan.samples[0]?.length ?? 0;
const scores = forestOf(trees, exactAveragePathLength(sampleSize)).score(all);
writeFileSync(join(packageFolder, 'forest.json'), `${JSON.stringify(forestFileOf(trees, sampleSize))}\n`);
writeFileSync(join(matrixFolder, 'forest.f32'), new Uint8Array(Float32Array.from(scores).buffer));
writeFileSync(join(matrixFolder, 'forest-features.json'), JSON.stringify(forestFeatures));
console.log(`${trees.length} trees on ${training.length} rows of ${width} features`);
