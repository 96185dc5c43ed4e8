import type { Cell, ScoringResult } from '@sdp/shared/contracts';
import type { BatchInput, BatchProcessor, EmitResults, ProcessingSummary, RecordChunk } from '../batches/index.ts';
import type { RiskModel } from './risk-model.ts';
import { type FeatureColumns, fillFeatures, locateFeatures, modelVersionOf, scoringResult } from './scoring-rules.ts';

export interface ScoringProcessorOptions {
  readonly model: RiskModel;
}

/** Rows of one inference, which blocks the event loop: enough to make its fixed cost vanish, few enough for 20 ms. */
const rowsPerRun = 2_048;

/** Scores the default risk of each record with the model given. The caller closes the model. */
export function scoringProcessor(options: ScoringProcessorOptions): BatchProcessor<'risk_scoring'> {
  return {
    processingType: 'risk_scoring',
    role: 'scoring',
    process: (input, emit) => scoreBatch(options.model, input, emit),
  };
}

async function scoreBatch(
  model: RiskModel,
  input: BatchInput<'risk_scoring'>,
  emit: EmitResults,
): Promise<ProcessingSummary> {
  const located = locateFeatures(model.card.features, input.columns);
  const matrix = new Float32Array(rowsPerRun * located.length);
  const counts = { scored: 0, insufficient_features: 0 };
  for await (const chunk of input.readRecords()) {
    for (let start = 0; start < chunk.rows.length; start += rowsPerRun) {
      input.signal.throwIfAborted();
      const results = await scoreRows(model, located, matrix, chunk, start, input.keyIndex);
      for (const { status } of results) counts[status] += 1;
      await emit(results);
    }
  }
  return { modelVersion: modelVersionOf(model.card), counts };
}

async function scoreRows(
  model: RiskModel,
  located: FeatureColumns,
  matrix: Float32Array,
  chunk: RecordChunk,
  start: number,
  keyIndex: number,
): Promise<ScoringResult[]> {
  const rows = chunk.rows.slice(start, start + rowsPerRun);
  const present = rows.map((cells, row) => fillFeatures(matrix, row, cells, located));
  const predictions = await model.predict(matrix, rows.length);
  return rows.map((cells, row) => {
    const record = { seq: chunk.firstSeq + start + row, key: (cells[keyIndex] ?? null) as Cell };
    return scoringResult(
      { ...record, present: present[row] as number, prediction: predictions[row] as number },
      model.card,
    );
  });
}
