import { type AnonymizationResult, anonymizationResultSchema, releaseReportSchema } from '@sdp/shared/contracts';
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
    expect(summary).toMatchObject({ modelVersion: 'mondrian-1.0.0', counts: { generalized: 250, suppressed: 0 } });
    const smallest = Math.min(...[...sizes.values()].map(({ length }) => length));
    expect(releaseReportSchema.parse(summary.release)).toMatchObject({
      ...{ released: 250, suppressed: 0, classes: sizes.size, k: { asked: 5, reached: smallest }, sensitive: [] },
      risk: { prosecutor: { highest: 1 / smallest, average: sizes.size / 250 }, marketer: sizes.size / 250 },
      utility: { average_class_size: 250 / sizes.size },
    });
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

  const asked = { quasi_identifiers: ['age', 'city'], sensitive: ['ward'], k: 4, l: 3, t: 0.5 };
  const wards = rows.map(([key = '', age = '', city = ''], index) => [key, age, city, `w${(index * 7) % 4}`]);
  const inWards = { columns: ['id', 'age', 'city', 'ward'], rows: wards };
  const ofClass = (results: readonly AnonymizationResult[]) =>
    Map.groupBy(
      results.flatMap(({ status, values, seq }) =>
        status === 'suppressed' ? [] : [{ key: JSON.stringify(values), seq }],
      ),
      ({ key }) => key,
    ).values();

  test.each(['mondrian', 'optimal'] as const)(
    'keeps sensitive values diverse by %s, and to itself',
    async (algorithm) => {
      const { results, summary } = await run({ ...inWards, params: { ...asked, algorithm, suppression_limit: 0.1 } });
      for (const members of ofClass(results)) {
        expect(members.length).toBeGreaterThanOrEqual(4);
        expect(new Set(members.map(({ seq }) => wards[seq - 1]?.[3])).size).toBeGreaterThanOrEqual(3);
      }
      for (const result of results) {
        anonymizationResultSchema.parse(result);
        expect(Object.keys(result.values)).toEqual(['age', 'city']);
      }
      const classes = [...ofClass(results)].map((members) => members.map(({ seq }) => wards[seq - 1]?.[3]));
      expect(releaseReportSchema.parse(summary.release)).toMatchObject({
        ...{ classes: classes.length, k: { asked: 4, reached: Math.min(...classes.map(({ length }) => length)) } },
        sensitive: [{ column: 'ward', distinct_l: Math.min(...classes.map((values) => new Set(values).size)) }],
      });
      expect(summary.release?.sensitive[0]?.t).toBeLessThanOrEqual(0.5);
      expect(summary.modelVersion).toBe(algorithm === 'mondrian' ? 'mondrian-1.0.0' : 'full-domain-1.0.0');
      expect(summary.counts['suppressed']).toBeLessThanOrEqual(25);
    },
  );

  test('generalizes along hierarchies', async () => {
    const hierarchies = {
      age: 'intervals' as const,
      city: [
        ['Leeds', 'Europe'],
        ['Lagos', 'Africa'],
        ['Osaka', 'Asia'],
      ],
    };
    const { results } = await run({ params: { ...params, k: 20, algorithm: 'optimal', hierarchies } });
    for (const { values } of results) {
      expect(values['age']).toMatch(/^(\[\d+, \d+\)|\d+|\*)$/);
      expect(['Leeds', 'Lagos', 'Osaka', 'Europe', 'Africa', 'Asia', '*']).toContain(values['city']);
    }
  });

  test.each([
    ['more than can be had', { ...asked, k: 2, l: 5, algorithm: 'optimal' as const }],
    ['no suppression where all would be', { ...asked, l: 5, suppression_limit: 0 }],
    ['a hierarchy that lacks values', { ...params, hierarchies: { city: [['Leeds', '*']] } }],
    ['a column in two roles', { ...asked, sensitive: ['age'] }],
  ])('fails at once if asked for %s', async (_, wrong) => {
    await expect(run({ ...inWards, params: wrong })).rejects.toMatchObject({ code: 'batch-unprocessable' });
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
