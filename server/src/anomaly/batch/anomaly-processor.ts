import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AnomalyResult, Cell } from '@sdp/shared/contracts';
import type { BatchInput, BatchProcessor, EmitResults, ProcessingSummary } from '../../batches/index.ts';
import { growForest, type IsolationForest, planForest } from '../forest/index.ts';
import { topContributions } from './contributions.ts';
import { forestNumber } from './forest-number.ts';

import { readSample, type Sample } from './sample.ts';

/** Version of the algorithm: results of equal versions, seeds and batches are equal. */
export const anomalyModelVersion = 'isolation-forest-2.0.0';

/** A record above it is called an anomaly; scikit-learn's default (`contamination='auto'`) draws the same line. */
export const anomalyThreshold = 0.5;

/** Seed where a batch names none, so that it gives the same scores when it is processed again. */
const defaultSeed = 20_081_215;

/** Some 10 ms of work: other requests of the same process get their turn in between. */
const rowsPerTurn = 1_024;

/** Finds records that stand apart from the rest of their batch. */
export function anomalyProcessor(): BatchProcessor<'anomaly_detection'> {
  return { processingType: 'anomaly_detection', role: 'anomaly', process: detectAnomalies };
}

/**
 * Two passes: one looks at the columns and keeps the rows that the trees are grown on, one scores. So memory doesn't
 * grow with the batch.
 */
async function detectAnomalies(input: BatchInput<'anomaly_detection'>, emit: EmitResults): Promise<ProcessingSummary> {
  const plan = planForest(input.recordCount, input.params.seed ?? defaultSeed);
  const sample = await readSample(input, plan);
  await nextTurn();
  const forest = growForest(plan, sample.matrix, { rowOf: sample.rowOf });
  let scored = 0;
  for await (const chunk of input.readRecords()) {
    for (let start = 0; start < chunk.rows.length; start += rowsPerTurn) {
      await nextTurn();
      input.signal.throwIfAborted();
      const rows = chunk.rows.slice(start, start + rowsPerTurn);
      await emit(scoreRows(forest, sample, rows, chunk.firstSeq + start, input.keyIndex));
      scored += rows.length;
    }
  }
  return { modelVersion: anomalyModelVersion, counts: { scored } };
}

function scoreRows(
  forest: IsolationForest,
  sample: Sample,
  rows: readonly (readonly (Cell | undefined)[])[],
  firstSeq: number,
  keyIndex: number,
): AnomalyResult[] {
  const width = sample.columns.length;
  const values = new Float32Array(rows.length * width);
  for (const [row, cells] of rows.entries()) {
    for (const [position, column] of sample.columns.entries()) {
      const value = forestNumber(cells[column.index]);
      values[row * width + position] = Number.isNaN(value) ? column.median : value;
    }
  }
  const matrix = { values, rows: rows.length, width };
  const scores = forest.score(matrix);
  const contributions = forest.contributions(matrix);
  return rows.map((cells, row) => {
    const score = Math.round((scores[row] as number) * 1e6) / 1e6;
    return {
      seq: firstSeq + row,
      key: cells[keyIndex] ?? null,
      status: 'scored',
      score,
      is_anomaly: score > anomalyThreshold,
      columns: topContributions(contributions.subarray(row * width, (row + 1) * width), sample.columns),
    };
  });
}
