import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AnomalyResult, Cell } from '@sdp/shared/contracts';
import type { BatchInput, BatchProcessor, EmitResults, ProcessingSummary } from '../../batches/index.ts';
import { growForest, type IsolationForest, planForest } from '../forest/index.ts';
import { reasonsOf } from './reasons.ts';
import { rowsInTurns } from './rows-in-turns.ts';
import { judgeBatchRules, type RowRules } from './rules/judge-batch.ts';
import { matrixOf, profileColumns, readSample, type Sample } from './sample.ts';
import { thresholdOf } from './threshold.ts';

/** Version of the algorithm: results of equal versions, seeds and batches are equal. */
export const anomalyModelVersion = 'isolation-forest-2.1.0';

/** A record above it is called an anomaly; scikit-learn's default (`contamination='auto'`) draws the same line. */
const usualThreshold = 0.5;

/** Seed where a batch names none, so that it gives the same scores when it is processed again. */
const defaultSeed = 20_081_215;

/** Finds records that stand apart from the rest of their batch. */
export function anomalyProcessor(): BatchProcessor<'anomaly_detection'> {
  return { processingType: 'anomaly_detection', role: 'anomaly', process: detectAnomalies };
}

/**
 * Passes over the records: one looks at the columns, one keeps the rows that the trees are grown on, one scores. So memory
 * doesn't grow with the batch. With `contamination` one more comes before the last, and a score is kept for each record; with
 * rules over several rows, one more comes early, and what such a rule has to know of each row that concerns it is kept.
 */
async function detectAnomalies(input: BatchInput<'anomaly_detection'>, emit: EmitResults): Promise<ProcessingSummary> {
  const plan = planForest(input.recordCount, input.params.seed ?? defaultSeed);
  const profiles = await profileColumns(input);
  const rules = await judgeBatchRules(input, profiles);
  const sample = await readSample(input, plan, profiles);
  await nextTurn();
  const levels = sample.features.map((feature) => feature.levels);
  const forest = growForest(plan, sample.matrix, { rowOf: sample.rowOf, levels });
  const threshold = await chooseThreshold(input, forest, sample);
  let scored = 0;
  for await (const { firstSeq, rows } of rowsInTurns(input)) {
    await emit(judgeRows(forest, sample, rows, { firstSeq, keyIndex: input.keyIndex, threshold, rules }));
    scored += rows.length;
  }
  return { modelVersion: anomalyModelVersion, counts: { scored } };
}

async function chooseThreshold(
  input: BatchInput<'anomaly_detection'>,
  forest: IsolationForest,
  sample: Sample,
): Promise<number> {
  const { contamination, threshold } = input.params;
  if (contamination === undefined) return threshold ?? usualThreshold;
  const scores = new Float64Array(input.recordCount);
  for await (const { firstSeq, rows } of rowsInTurns(input)) {
    scores.set(forest.score(matrixOf(rows, sample)), firstSeq - 1);
  }
  return thresholdOf(scores, contamination);
}

interface Judging {
  readonly firstSeq: number;
  readonly keyIndex: number;
  readonly threshold: number;
  readonly rules: RowRules | undefined;
}

function judgeRows(
  forest: IsolationForest,
  sample: Sample,
  rows: readonly (readonly (Cell | undefined)[])[],
  { firstSeq, keyIndex, threshold, rules }: Judging,
): AnomalyResult[] {
  const matrix = matrixOf(rows, sample);
  const { width } = matrix;
  const scores = forest.score(matrix);
  const contributions = forest.contributions(matrix);
  return rows.map((cells, row) => {
    const score = scores[row] as number;
    const from = row * width;
    const met = rules?.reasonsOf(firstSeq - 1 + row, cells);
    return {
      seq: firstSeq + row,
      key: cells[keyIndex] ?? null,
      status: 'scored',
      score: Math.round(score * 1e6) / 1e6,
      is_anomaly: score > threshold || (met !== undefined && met.length > 0),
      columns: reasonsOf(
        contributions.subarray(from, from + width),
        matrix.values.subarray(from, from + width),
        sample.features,
        sample.sorted,
      ),
      ...(met !== undefined && { rules: met }),
    };
  });
}
