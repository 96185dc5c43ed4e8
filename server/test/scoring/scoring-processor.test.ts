import type { ScoringResult } from '@sdp/shared/contracts';
import { describe, expect, test } from 'vitest';
import { scoringProcessor } from '../../src/scoring/index.ts';
import { runProcessor } from '../support/batch-input.ts';
import { firstFeatureModel } from './model.ts';

const run = (model = firstFeatureModel(['score', 'other']), rows: readonly string[][] = [], chunkSize = 100) =>
  runProcessor<'risk_scoring', ScoringResult>(scoringProcessor({ model }), {
    columns: ['id', 'other', 'score'],
    rows,
    params: {},
    chunkSize,
  });

describe('scoringProcessor', () => {
  test('scores each record with its own features and names it by its key', async () => {
    const { results, summary } = await run(undefined, [
      ['a', '1', '0.1'],
      ['b', '1', '0.3'],
      ['c', '', ''],
      ['d', '', '0.9'],
    ]);
    expect(results.map(({ key, score, band, status }) => [key, score, band, status])).toEqual([
      ['a', 0.1, 'low', 'scored'],
      ['b', 0.3, 'medium', 'scored'],
      ['c', null, null, 'insufficient_features'],
      ['d', 0.9, 'high', 'scored'],
    ]);
    expect(summary).toEqual({
      modelVersion: 'first-feature-1.2.3',
      counts: { scored: 3, insufficient_features: 1 },
    });
  });

  test('bounds the rows of one inference whatever the chunks, and mixes up none', async () => {
    const model = firstFeatureModel(['score', 'other']);
    const rows = Array.from({ length: 10_000 }, (_, index) => [`k${index}`, '1', String(index / 10_000)]);
    const { results } = await run(model, rows, 9_000);
    expect(Math.max(...model.calls)).toBeLessThanOrEqual(2_048);
    expect(results.every(({ key, score }, index) => key === `k${index}` && score === index / 10_000)).toBe(true);
  });

  test('reads a short row as one with gaps', async () => {
    const { results } = await run(undefined, [['a']]);
    expect(results[0]).toMatchObject({ status: 'insufficient_features', feature_coverage: 0 });
  });

  test('stops when it is told to', async () => {
    const abort = new AbortController();
    const processing = runProcessor(scoringProcessor({ model: firstFeatureModel(['score']) }), {
      columns: ['id', 'score'],
      rows: Array.from({ length: 300 }, () => ['k', '0.5']),
      params: {},
      signal: abort.signal,
      onChunk: (firstSeq) => firstSeq > 100 && abort.abort(new Error('told to stop')),
    });
    await expect(processing).rejects.toThrow('told to stop');
  });
});
