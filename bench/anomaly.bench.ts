import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { growForest, type Matrix, planForest } from '../server/src/anomaly/forest/index.ts';
import { type OutlierSet, readOutlierSet } from '../test/support/outlier-set.ts';
import { prAuc, rocAuc } from '../test/support/ranking-metrics.ts';
import { hasTestData, readTestJson, testDataPath } from '../test/support/test-data.ts';
import { benchCategories } from './anomaly-categories.ts';
import { benchForestStream } from './anomaly-stream.ts';
import { markdownTable, median, perSecond } from './measure.ts';

const seeds = 5;
const peers = join(import.meta.dirname, 'peers');

interface Run {
  readonly roc: number;
  readonly pr: number;
  readonly fit_ms: number;
  readonly score_ms: number;
}

type Reference = Readonly<Record<string, { readonly roc_auc: number; readonly pr_auc: number }>>;

/** The isolation forest beside scikit-learn's: what it finds on outlier sets, and how fast; one core each. */
export async function benchAnomaly(): Promise<string> {
  if (!hasTestData('anom-adbench-csv')) return 'Not measured: the outlier sets are not here.';
  const files = [
    ...readdirSync(testDataPath('anom-adbench-csv')).map((name) => testDataPath('anom-adbench-csv', name)),
    testDataPath('anom-adrepository', 'annthyroid_21feat_normalised.csv'),
  ].filter((path) => /\.csv(\.gz)?$/.test(path) && existsSync(path));
  const sets = files.map((path) => ({ name: basename(path).replace(/\.csv(\.gz)?$/, ''), set: readOutlierSet(path) }));
  // Once more for the compiler, so that no file pays for being the first.
  for (const { set } of sets.slice(0, 3)) runsOf(set);
  const own = sets.map(({ set }) => runsOf(set));
  const peer = peerRuns(files);
  const reference = (readTestJson('labels', 'reference_scores.json') as { isolation_forest: Reference })
    .isolation_forest;
  const expected = files.map((path) => reference[basename(path)]);
  const qualityRows = sets.map(({ name, set }, at) => [
    name,
    `${set.matrix.rows} × ${set.matrix.width}`,
    String(set.outlier.filter(Boolean).length),
    ...(['roc', 'pr'] as const).flatMap((metric) => [
      spread(own[at], metric),
      spread(peer?.[at], metric),
      (metric === 'roc' ? expected[at]?.roc_auc : expected[at]?.pr_auc)?.toFixed(4) ?? '–',
    ]),
  ]);
  const speedRows = sets.map(({ name, set }, at) => [
    name,
    ...[own[at], peer?.[at]].flatMap((runs) => [
      runs ? `${median(runs.map((run) => run.fit_ms)).toFixed(0)} ms` : '–',
      runs ? perSecond(set.matrix.rows, median(runs.map((run) => run.score_ms))) : '–',
    ]),
  ]);
  const both = (name: string) => [`${name}, sdp`, `${name}, scikit-learn`, 'reference'];
  return [
    `Means of seeds 0 to ${seeds - 1}, ± standard deviation; the reference is a mean of seeds 0 to 2.\n`,
    markdownTable(['set', 'rows × columns', 'outliers', ...both('ROC-AUC'), ...both('PR-AUC')], qualityRows),
    '',
    markdownTable(['set', 'sdp grows', 'sdp scores', 'scikit-learn grows', 'scikit-learn scores'], speedRows),
    '\n### Categories\n',
    benchCategories(),
    '\n### Streams\n',
    benchForestStream(),
    ...(peer
      ? []
      : [
          '\nNot measured: scikit-learn. `python3 -m venv bench/peers/venv-forest && bench/peers/venv-forest/bin/pip install -r bench/peers/requirements-forest.txt`',
        ]),
  ].join('\n');
}

function runsOf({ matrix, outlier }: OutlierSet): Run[] {
  return Array.from({ length: seeds }, (_, seed) => {
    const started = performance.now();
    const forest = grow(matrix, seed);
    const grown = performance.now();
    const scores = forest.score(matrix);
    const scored = performance.now();
    return {
      roc: rocAuc(scores, outlier),
      pr: prAuc(scores, outlier),
      fit_ms: grown - started,
      score_ms: scored - grown,
    };
  });
}

function grow(matrix: Matrix, seed: number) {
  return growForest(planForest(matrix.rows, seed), matrix, { rowOf: (index) => index });
}

/** scikit-learn's, or undefined where it isn't installed. */
function peerRuns(files: readonly string[]): (readonly Run[])[] | undefined {
  const python = process.env['SDP_BENCH_FOREST_PYTHON'] ?? join(peers, 'venv-forest/bin/python');
  if (!existsSync(python)) return undefined;
  const { status, stdout, stderr } = spawnSync(
    python,
    [join(peers, 'isolation_forest.py'), String(seeds), ...files],
    // One core, as Node's.
    { env: { ...process.env, OMP_NUM_THREADS: '1' }, encoding: 'utf8', maxBuffer: 2 ** 24 },
  );
  if (status !== 0) throw new Error(`scikit-learn failed: ${stderr}`);
  return stdout
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { runs: Run[] }).runs);
}

function spread(runs: readonly Run[] | undefined, metric: 'roc' | 'pr'): string {
  if (!runs) return '–';
  const values = runs.map((run) => run[metric]);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return `${mean.toFixed(4)} ± ${Math.sqrt(variance).toFixed(4)}`;
}
