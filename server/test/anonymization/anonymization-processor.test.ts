import { type AnonymizationResult, anonymizationResultSchema } from '@sdp/shared/contracts';
import { describe, expect, test } from 'vitest';
import { anonymizationProcessor } from '../../src/anonymization/index.ts';
import { type BatchOptions, batchInput, runProcessor } from '../support/batch-input.ts';

const columns = ['id', 'age', 'city', 'diagnosis'];
const rows = Array.from({ length: 250 }, (_, index) => [
  `k${index}`,
  String(20 + ((index * 37) % 50)),
  ['Leeds', 'Lagos', 'Osaka'][(index * 11) % 3] ?? '',
  `d${index}`,
]);
const params = { quasi_identifiers: ['age', 'city'], k: 5 };

const run = (options: Partial<BatchOptions<'anonymization'>> = {}) =>
  runProcessor<'anonymization', AnonymizationResult>(anonymizationProcessor(), { columns, rows, params, ...options });

describe('anonymizationProcessor', () => {
  test('releases the quasi-identifiers only, each combination for k records or more', async () => {
    const { results, summary } = await run();
    const sizes = Map.groupBy(results, ({ values }) => JSON.stringify(values));
    for (const result of results) {
      anonymizationResultSchema.parse(result);
      expect(Object.keys(result.values)).toEqual(['age', 'city']);
      expect(result.class_size).toBe(sizes.get(JSON.stringify(result.values))?.length);
      expect(result.class_size).toBeGreaterThanOrEqual(5);
    }
    expect(results.map(({ key }) => key)).toEqual(rows.map(([key]) => key));
    expect(summary).toEqual({ modelVersion: 'mondrian-1.0.0', counts: { generalized: 250, suppressed: 0 } });
  });

  test('suppresses a batch of fewer than k records', async () => {
    const { results, summary } = await run({ rows: rows.slice(0, 4) });
    expect(summary.counts).toEqual({ generalized: 0, suppressed: 4 });
    expect(results[0]).toEqual({
      seq: 1,
      key: 'k0',
      status: 'suppressed',
      values: { age: '*', city: '*' },
      class_size: null,
    });
  });

  test('takes numbers, booleans and null of JSON as the texts they have', async () => {
    const json = Array.from({ length: 10 }, (_, index) => [index, index < 5 ? 30 : 40, index < 5 ? null : true, 'd']);
    const { results } = await run({ rows: json });
    expect(results[0]?.values).toEqual({ age: '30', city: '' });
    expect(results[9]?.values).toEqual({ age: '40', city: 'true' });
  });

  test('releases a column named twice once, and one with a name of the language', async () => {
    const twice = { quasi_identifiers: ['__proto__', 'age', 'age'], k: 2 };
    const { results } = await run({ columns: ['id', 'age', '__proto__', 'd'], params: twice });
    expect(Object.keys(results[0]?.values ?? {})).toEqual(['__proto__', 'age']);
  });

  test('names a quasi-identifier that is not there', async () => {
    const missing = { quasi_identifiers: ['age', 'postcode'], k: 2 };
    await expect(run({ params: missing })).rejects.toMatchObject({
      code: 'batch-unprocessable',
      details: { column: 'postcode' },
    });
  });

  test('refuses more than it can hold in memory before it reads any', async () => {
    const input = { ...batchInput<'anonymization'>({ columns, rows, params }), recordCount: 25_000_001 };
    const processing = anonymizationProcessor().process(input, async () => {});
    await expect(processing).rejects.toMatchObject({
      code: 'batch-unprocessable',
      remedy: expect.stringContaining('Split'),
    });
  });

  test('stops when it is told to', async () => {
    const abort = new AbortController();
    const onChunk = (firstSeq: number) => firstSeq > 100 && abort.abort(new Error('told to stop'));
    await expect(run({ signal: abort.signal, onChunk })).rejects.toThrow('told to stop');
  });
});
