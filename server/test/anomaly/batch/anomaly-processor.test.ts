import { type AnomalyResult, anomalyResultSchema } from '@sdp/shared/contracts';
import { describe, expect, test } from 'vitest';
import { MersenneTwister } from '../../../src/anomaly/forest/mersenne-twister.ts';
import { anomalyProcessor } from '../../../src/anomaly/index.ts';
import { type BatchOptions, runProcessor } from '../../support/batch-input.ts';

type Options = Partial<BatchOptions<'anomaly_detection'>>;

const columns = ['id', 'name', 'amount', 'age', 'constant'];

/** 400 ordinary records; the tenth has an extreme amount. */
function records(): string[][] {
  const twister = new MersenneTwister(2);
  const random = () => twister.bits32() / 2 ** 32;
  const rows = Array.from({ length: 400 }, (_, index) => {
    const token = `tok_${String(index).padStart(32, '0')}`;
    return [String(index), token, (100 + random() * 50).toFixed(2), String(20 + Math.floor(random() * 40)), '1'];
  });
  rows[9]?.splice(2, 1, '9000');
  return rows;
}

const run = (options: Options = {}) =>
  runProcessor<'anomaly_detection', AnomalyResult>(anomalyProcessor(), {
    columns,
    rows: records(),
    params: {},
    ...options,
  });

const unprocessable = (column?: string) => ({
  code: 'batch-unprocessable',
  details: column === undefined ? {} : { column },
});

describe('anomalyProcessor', () => {
  test('finds the record that stands apart, and says by which column', async () => {
    const { results, summary } = await run();
    const [first] = results.toSorted((a, b) => b.score - a.score);
    expect(first).toMatchObject({
      seq: 10,
      key: '9',
      is_anomaly: true,
      columns: [{ column: 'amount', direction: 'high' }, {}],
    });
    expect(first?.columns[0]?.position).toBeGreaterThan(0.99);
    expect(first?.columns[0]?.share).toBeGreaterThan(0.6);
    expect(summary).toEqual({ modelVersion: 'isolation-forest-2.1.0', counts: { scored: 400 } });
  });

  test('gives what the contract says, and draws the line at 0.5', async () => {
    const { results } = await run();
    for (const result of results) {
      anomalyResultSchema.parse(result);
      expect(result.is_anomaly).toBe(result.score > 0.5);
      expect(result.columns.reduce((sum, { share }) => sum + share, 0)).toBeLessThanOrEqual(1);
    }
  });

  test('looks at no key, no tokens and no constant', async () => {
    const { results } = await run();
    const used = new Set(results.flatMap((result) => result.columns.map(({ column }) => column)));
    expect([...used].sort()).toEqual(['age', 'amount']);
  });

  test('looks at the columns asked for only', async () => {
    const { results } = await run({ params: { columns: ['age'] } });
    expect(new Set(results.flatMap((result) => result.columns.map(({ column }) => column)))).toEqual(new Set(['age']));
  });

  test('repeats itself, however the records are chunked; another seed gives other scores', async () => {
    const scores = async (options?: Options) => (await run(options)).results.map(({ score }) => score);
    const usual = await scores();
    expect(await scores({ chunkSize: 7 })).toEqual(usual);
    expect(await scores({ params: { seed: 1 } })).not.toEqual(usual);
  });

  test('fills gaps by the median: a gap by itself is no anomaly', async () => {
    const rows = records();
    for (const row of rows.slice(20, 40)) row[2] = '';
    const { results } = await run({ rows });
    const gaps = results.slice(20, 40).map(({ score }) => score);
    expect(Math.max(...gaps)).toBeLessThan(results[9]?.score ?? 0);
    expect(gaps.reduce((sum, score) => sum + score, 0) / gaps.length).toBeLessThan(0.5);
  });

  test('names a column that is not there before it reads the records', async () => {
    await expect(run({ params: { columns: ['age', 'salary'] } })).rejects.toMatchObject(unprocessable('salary'));
  });

  test('names a column asked for that hardly repeats', async () => {
    await expect(run({ params: { columns: ['name'] } })).rejects.toMatchObject(unprocessable('name'));
  });

  test.each([
    [
      'no column is numeric',
      ['id', 'name'],
      [
        ['1', 'tok_x'],
        ['2', 'tok_y'],
      ],
    ],
    [
      'no column varies',
      ['id', 'n'],
      [
        ['1', '5'],
        ['2', '5'],
      ],
    ],
    ['there is a single record', ['id', 'n'], [['1', '5']]],
  ])('refuses the batch where %s', async (_, names, rows) => {
    await expect(run({ columns: names, rows })).rejects.toMatchObject(unprocessable());
  });

  test('takes a column with nine tenths of numbers as numbers, and one with fewer as categories', async () => {
    const rows = Array.from({ length: 100 }, (_, index) => [
      `k${index}`,
      index < 10 ? 'x' : String(index % 17),
      index < 11 ? 'x' : String(index % 13),
    ]);
    const { results } = await run({ columns: ['id', 'most', 'few'], rows });
    const directions = (name: string) =>
      new Set(
        results.flatMap(({ columns }) => columns.filter(({ column }) => column === name)).map((r) => r.direction),
      );
    expect(directions('most')).not.toContain('rare');
    expect([...directions('few')]).toEqual(['rare']);
  });

  test('takes a column of which half is filled and leaves an emptier one', async () => {
    const rows = Array.from({ length: 100 }, (_, index) => [
      `k${index}`,
      index < 50 ? '' : String(index % 17),
      index < 51 ? '' : String(index % 13),
    ]);
    const { results } = await run({ columns: ['id', 'half', 'less'], rows });
    const used = new Set(results.flatMap((result) => result.columns.map(({ column }) => column)));
    expect([...used]).toEqual(['half']);
  });

  test('stops when it is told to', async () => {
    const abort = new AbortController();
    const onChunk = (firstSeq: number) => firstSeq > 300 && abort.abort(new Error('told to stop'));
    await expect(run({ signal: abort.signal, onChunk })).rejects.toThrow('told to stop');
  });

  test('lets others have their turn', async () => {
    let turns = 0;
    let running = true;
    const count = () => {
      turns += 1;
      if (running) setImmediate(count);
    };
    setImmediate(count);
    await run({ rows: Array.from({ length: 20 }, records).flat(), chunkSize: 8_000 });
    running = false;
    expect(turns).toBeGreaterThan(5);
  });
});
