import { type AnomalyResult, anomalyParamsSchema, anomalyResultSchema } from '@sdp/shared/contracts';
import { describe, expect, test } from 'vitest';
import { anomalyProcessor } from '../../../../src/anomaly/index.ts';
import { runProcessor } from '../../../support/batch-input.ts';

type Cells = readonly (string | number | boolean | null)[];

const columns = ['id', 'at', 'user', 'result', 'amount', 'Größe (EUR)'];
const tokenOf = (index: number) => `tok_${String(index).padStart(32, '0')}`;
const timeOf = (second: number) => new Date(Date.UTC(2026, 0, 31) + second * 1_000).toISOString();

/** 300 quiet rows a minute apart, of 30 users. */
function quietRows(): Cells[] {
  return Array.from({ length: 300 }, (_, index) => [
    `r${index}`,
    timeOf(index * 60),
    tokenOf(index % 30),
    'ok',
    String(100 + ((index * 37) % 50)),
    `1.${String(100 + ((index * 31) % 90)).padStart(3, '0')},50`,
  ]);
}

/** Five refusals of one user within a minute, shuffled among the others. */
function rowsWithBurst(): Cells[] {
  const burst = [10, 0, 40, 20, 30].map(
    (second, index): Cells => [`b${index}`, timeOf(7_000 + second), tokenOf(7), 'refused', '120', '1.150,50'],
  );
  const rows = quietRows();
  for (const [index, row] of burst.entries()) rows.splice(40 * (index + 1), 0, row);
  return rows;
}

const burstRule = {
  id: 'refusals',
  title: 'Many refusals of one user',
  form: 'threshold',
  where: { field: 'result', equals: 'refused' },
  group_by: ['user'],
  count: 5,
  within: '1m',
  severity: 'ERROR',
};

async function judge(rows: readonly Cells[], params: Record<string, unknown>): Promise<AnomalyResult[]> {
  const { results } = await runProcessor<'anomaly_detection', AnomalyResult>(anomalyProcessor(), {
    columns,
    rows,
    params: anomalyParamsSchema.parse({ threshold: 1, ...params }),
  });
  for (const result of results) anomalyResultSchema.parse(result);
  return results;
}

const metBy = (results: readonly AnomalyResult[], rule: string) =>
  results.filter(({ rules = [] }) => rules.some((each) => each.rule === rule)).map(({ key }) => key);

describe('rules over the rows of a batch', () => {
  test('a burst is put down to each row of it, in whatever order they stand, with its numbers', async () => {
    const results = await judge(rowsWithBurst(), { rules: [burstRule], time_column: 'at' });
    expect(metBy(results, 'refusals').sort()).toEqual(['b0', 'b1', 'b2', 'b3', 'b4']);
    const one = results.find(({ key }) => key === 'b3');
    expect(one).toMatchObject({ is_anomaly: true });
    expect(one?.rules).toEqual([
      {
        rule: 'refusals',
        title: 'Many refusals of one user',
        severity: 'ERROR',
        numbers: { count: 5, limit: 5 },
        within_seconds: 60,
      },
    ]);
    expect(results.filter(({ is_anomaly: isAnomaly }) => isAnomaly)).toHaveLength(5);
  });

  test('rows exactly the time apart are in no common window', async () => {
    const rows = rowsWithBurst().map((row): Cells => (row[0] === 'b2' ? row.with(1, timeOf(7_060)) : row));
    const results = await judge(rows, { rules: [burstRule], time_column: 'at' });
    expect(metBy(results, 'refusals')).toEqual([]);
  });

  test('one row is judged by itself; a rule that is off is not', async () => {
    const rules = [
      { id: 'large', title: 'A large amount', form: 'pattern', where: { field: 'amount', above: 1_000 } },
      { id: 'off', title: 'Off', form: 'pattern', where: { field: 'amount', above: 0 }, enabled: false },
    ];
    const rows = quietRows();
    rows[5] = (rows[5] as Cells).with(4, '1000.01');
    rows[6] = (rows[6] as Cells).with(4, 1_000);
    const results = await judge(rows, { rules });
    expect(metBy(results, 'large')).toEqual(['r5']);
    expect(metBy(results, 'off')).toEqual([]);
    expect(results[5]?.rules).toEqual([{ rule: 'large', title: 'A large amount', severity: 'WARNING' }]);
    expect(results[4]).toMatchObject({ is_anomaly: false, rules: [] });
  });

  test('numbers are read as the column writes them, texts as they stand', async () => {
    const where = (condition: Record<string, unknown>) => ({ field: 'Größe (EUR)', ...condition });
    const rules = [
      { id: 'number', title: 'N', form: 'pattern', where: where({ equals: 1_100.5 }) },
      { id: 'text', title: 'T', form: 'pattern', where: where({ equals: '1.100,50' }) },
      { id: 'matches', title: 'M', form: 'pattern', where: where({ matches: '^1\\.100' }) },
      { id: 'other', title: 'O', form: 'pattern', where: where({ not_in: [1_100.5, 'x'], below: 1_102 }) },
    ];
    const results = await judge(quietRows(), { rules });
    const hundred = quietRows()
      .filter((row) => row[5] === '1.100,50')
      .map(([id]) => id);
    expect(hundred.length).toBeGreaterThan(0);
    for (const rule of ['number', 'text', 'matches']) expect(metBy(results, rule)).toEqual(hundred);
    expect(metBy(results, 'other')).toEqual(
      quietRows()
        .filter((row) => row[5] === '1.101,50')
        .map(([id]) => id),
    );
  });

  test('an empty cell meets nothing but exists: false, and belongs to no group', async () => {
    const rules = [
      { id: 'gap', title: 'G', form: 'pattern', where: { field: 'result', exists: false } },
      { id: 'other', title: 'O', form: 'pattern', where: { field: 'result', not_equals: 'ok' } },
      { ...burstRule, id: 'grouped' },
    ];
    const rows = rowsWithBurst().map((row): Cells => (row[0] === 'b1' ? row.with(2, ' ') : row));
    rows[0] = (rows[0] as Cells).with(3, null);
    rows[1] = (rows[1] as Cells).with(3, '');
    const results = await judge(rows, { rules, time_column: 'at' });
    expect(metBy(results, 'gap')).toEqual(['r0', 'r1']);
    expect(metBy(results, 'other').sort()).toEqual(['b0', 'b1', 'b2', 'b3', 'b4']);
    expect(metBy(results, 'grouped')).toEqual([]);
  });

  test.each([
    ['seconds since 1970', (second: number) => String(1_800_000_000 + second)],
    ['milliseconds since 1970', (second: number) => (1_800_000_000 + second) * 1_000],
    [
      'times of several zones',
      (second: number) =>
        second % 2 === 0
          ? timeOf(second)
          : timeOf(second + 5_400)
              .replace('Z', '+01:30')
              .replace('T', ' '),
    ],
  ])('reads %s', async (_, write) => {
    const seconds = [0, 11, 20, 33, 59];
    const rows = quietRows().map((row, index): Cells => row.with(1, write(100_000 + index * 60)));
    for (const [index, second] of seconds.entries())
      rows.push([`b${index}`, write(second), tokenOf(1), 'refused', '101', '1.101,50']);
    const results = await judge(rows, { rules: [burstRule], time_column: 'at' });
    expect(metBy(results, 'refusals')).toEqual(['b0', 'b1', 'b2', 'b3', 'b4']);
  });

  test('rows without a time are in no window', async () => {
    const rows = rowsWithBurst().map((row): Cells => (row[0] === 'b1' ? row.with(1, 'soon') : row));
    const results = await judge(rows, { rules: [burstRule], time_column: 'at' });
    expect(metBy(results, 'refusals')).toEqual([]);
  });

  test.each([
    ['a column that is not there', { rules: [{ ...burstRule, group_by: ['device'] }], time_column: 'at' }, 'device'],
    ['a time column that is not there', { rules: [burstRule], time_column: 'when' }, 'when'],
    ['a time column without times', { rules: [burstRule], time_column: 'result' }, 'result'],
  ])('fails for %s, and names it', async (_, params, column) => {
    await expect(judge(rowsWithBurst(), params)).rejects.toMatchObject({
      code: 'batch-unprocessable',
      details: { column },
    });
  });

  test('no result holds what a cell holds', async () => {
    const results = await judge(rowsWithBurst(), {
      rules: [burstRule, { id: 'some', title: 'S', form: 'pattern', where: { field: 'amount', above: 119 } }],
      time_column: 'at',
    });
    const said = JSON.stringify(results.map(({ rules, columns: named }) => ({ rules, named })));
    for (const text of [tokenOf(7), 'refused', '"120"', '1.150,50', '2026-01-31']) expect(said).not.toContain(text);
  });
});

describe('parameters', () => {
  const messagesOf = (params: Record<string, unknown>) =>
    anomalyParamsSchema.safeParse(params).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);

  test('rules over several rows need the column of times', () => {
    expect(messagesOf({ rules: [burstRule] })).toEqual([
      'rules.0: looks at several rows, so time_column must say which column holds their times',
    ]);
    expect(messagesOf({ rules: [burstRule], time_column: 'at' })).toBeUndefined();
  });

  test('each mistake is named by its place', () => {
    const rules = [
      { ...burstRule, within: '1 minute', cuont: 3 },
      { ...burstRule, events: 'log' },
      { ...burstRule, id: 'bad', where: { field: 'a', matches: '(' } },
      { id: 'form', title: 'F', form: 'burst' },
    ];
    const places = anomalyParamsSchema
      .safeParse({ rules, time_column: 'at' })
      .error?.issues.map(({ path }) => path.join('.'));
    expect(places?.sort()).toEqual([
      'rules.0',
      'rules.0.within',
      'rules.1.events',
      'rules.2.where.matches',
      'rules.3.form',
    ]);
  });

  test('what was checked is kept as it was written, so that it can be checked again', () => {
    const params = { rules: [burstRule], time_column: 'at' };
    expect(anomalyParamsSchema.parse(anomalyParamsSchema.parse(params))).toEqual(params);
  });
});
