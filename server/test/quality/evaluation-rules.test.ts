import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Cell } from '@sdp/shared/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Evaluator, type Profile, tableOf } from '../../src/quality/evaluation-rules.ts';
import { loadExpectations } from '../../src/quality/index.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sdp-quality-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function load(text: string) {
  const path = join(folder, 'quality.yml');
  writeFileSync(path, text);
  return loadExpectations(path);
}

const columns = ['id', 'n', 'day'];
const receivedAt = new Date('2026-11-21T12:00:00Z');

/** How one expectation fares with rows of id, n and day. */
function judge(expectation: string, rows: readonly (readonly (Cell | undefined)[])[], earlier?: Profile | 'tampered') {
  const [table] = load(`tables:
  - source_table: t
    applies_to: { columns: [id] }
    expectations:
      - ${expectation}
`);
  if (table === undefined) throw new Error('no table');
  const evaluator = new Evaluator(table, { columns, recordCount: rows.length, receivedAt, earlier });
  for (const [index, row] of rows.entries()) evaluator.add(index + 1, row);
  const { outcome, results, profile } = evaluator.finish();
  return { outcome, profile, result: results[0] };
}

describe('expectations', () => {
  const numbers = [
    ['a', 1],
    ['b', '2.5'],
    ['c', ' 3 '],
    ['d', 'x'],
    ['e', null],
    ['f', ''],
    ['g', 1e9],
  ] as const;
  it.each([
    ['{ expect: row_count, min: 7, max: 7 }', 7, 0, []],
    ['{ expect: row_count, max: 6 }', 7, 0, null],
    ['{ expect: column, column: n }', 0, 0, []],
    ['{ expect: not_null, column: n }', 7, 2, [5, 6]],
    ['{ expect: type, column: n, type: number }', 5, 1, [4]],
    ['{ expect: type, column: n, type: integer }', 5, 2, [2, 4]],
    ['{ expect: range, column: n, min: 0, max: 10 }', 5, 2, [4, 7]],
    ['{ expect: range, column: n, max: 10, tolerance: 0.4 }', 5, 2, []],
    ['{ expect: set, column: id, values: [a, b, c, d, e, f] }', 7, 1, [7]],
    ['{ expect: pattern, column: id, pattern: "[a-f]" }', 7, 1, [7]],
    ['{ expect: unique, column: id }', 7, 0, []],
  ] as const)('%s', (expectation, checked, failed, records) => {
    const { outcome, result } = judge(expectation, numbers);
    const isRight = records !== null && records.length === 0;
    expect(result).toMatchObject({ checked, failed, passed: isRight });
    if (!isRight && records !== null) expect(result?.records).toEqual(records);
    expect(outcome).toBe(isRight ? 'passed' : 'quarantined');
  });

  it('of uniqueness find what comes again, as text', () => {
    const { result } = judge('{ expect: unique, column: id }', [['a'], [1], ['1'], ['a'], ['b'], [null], [null]]);
    expect(result).toMatchObject({ checked: 5, failed: 2, records: [3, 4] });
  });

  it('of freshness look at the newest date', () => {
    const days = (...all: string[]) => all.map((day) => ['a', 1, day]);
    const fresh = '{ expect: fresh, column: day, max_age_hours: 24 }';
    expect(judge(fresh, days('2020-01-01', '2026-11-20T13:00:00Z')).result?.passed).toBe(true);
    expect(judge(fresh, days('2026-11-20T13:00:00+02:00')).result?.passed).toBe(false);
    expect(judge(fresh, days('2026-11-20', '2026-02-30')).result).toMatchObject({
      passed: false,
      failed: 1,
      records: [2],
    });
    expect(judge(fresh, []).result?.passed).toBe(false);
    expect(judge(fresh, days('9999-12-31', '2026-11-23T12:00:00Z')).result).toMatchObject({ passed: false, failed: 2 });
  });

  it('of a column that is not there fail, and say so', () => {
    const { result, outcome } = judge('{ expect: not_null, column: other, severity: warning }', [['a']]);
    expect(result).toMatchObject({ passed: false, note: 'column-missing', checked: 0 });
    expect(outcome).toBe('warned');
  });

  it('of a stable distribution compare with the last good job', () => {
    const stable = '{ expect: stable, column: n, edges: [10, 20, 30], psi: 0.25, ks: 0.2 }';
    const rows = (shift: number) => Array.from({ length: 400 }, (_, index) => ['a', (index % 40) + shift] as const);
    const first = judge(stable, rows(0));
    expect(first.result).toMatchObject({ passed: true, note: 'no-earlier-job', psi: null, ks: null });
    expect(judge(stable, rows(0), first.profile).result).toMatchObject({ passed: true, psi: 0, ks: 0, note: null });
    const shifted = judge(stable, rows(10), first.profile).result;
    expect(shifted).toMatchObject({ passed: false, ks: 0.25 });
    expect(shifted?.psi).toBeGreaterThan(0.25);
    expect(judge(stable, rows(0), 'tampered').result).toMatchObject({ passed: false, note: 'earlier-job-tampered' });
    const others = stable.replace('[10, 20, 30]', '[10, 20]');
    expect(judge(others, rows(10), first.profile).result?.note).toBe('no-earlier-job');
  });

  it('list twenty records and no values', () => {
    const rows = Array.from({ length: 100 }, (_, index) => [`secret-${index}`, `hidden-${index}`]);
    const judged = judge('{ expect: type, column: n, type: number }', rows);
    expect(judged.result?.records).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    expect(JSON.stringify(judged)).not.toMatch(/secret|hidden/);
    const stable = judge('{ expect: stable, column: n, buckets: 4, psi: 1 }', rows);
    expect(JSON.stringify(stable)).not.toMatch(/secret|hidden/);
  });

  it('of a pattern need no more time for a hostile value', () => {
    // Takes a backtracking matcher longer than the universe is old.
    const { result } = judge('{ expect: pattern, column: id, pattern: "(a+)+b" }', [['a'.repeat(4_000)]]);
    expect(result?.failed).toBe(1);
  });
});

describe('a file of expectations', () => {
  it('is refused with every error and its line', () => {
    const text = `tables:
  - source_table: t
    applies_to: { columns: [id] }
    expectations:
      - { expect: rnage, column: n }
      - { expect: range, column: n }
      - { expect: pattern, column: n, pattern: '(?=a)' }
      - { expect: stable, column: n, buckets: 4, ks: 0.1 }
      - { expect: unique, column: n, colour: red }
`;
    const lines = [5, 6, 7, 8, 9].map((line) => expect.objectContaining({ line }));
    expect(() => load(text)).toThrow(
      expect.objectContaining({ code: 'config-invalid', details: expect.objectContaining({ findings: lines }) }),
    );
  });

  it('that is shipped is right', () => {
    const tables = loadExpectations(resolve(import.meta.dirname, '../../../configs/quality.yml'));
    const job = { ...anyJob, columns: ['customer_id', 'LIMIT_BAL', 'AGE', 'x'] };
    expect(tableOf(tables, job)?.sourceTable).toBe('customers');
    expect(tableOf(tables, { ...job, columns: ['customer_id'] })).toBeUndefined();
    expect(tableOf(tables, { ...job, columns: ['customer_id'], sourceTable: 'customers' })).toBe(tables[0]);
  });
});

const anyJob = { clientId: 'any', processingType: 'risk_scoring', columns: ['id'], sourceTable: undefined };

describe('the table of a job', () => {
  const tables = () =>
    load(`tables:
  - { source_table: orders, expectations: [{ expect: row_count, min: 1 }] }
  - { source_table: visits, applies_to: { columns: [id] }, expectations: [{ expect: row_count, min: 1 }] }
  - { source_table: stays, applies_to: { clients: [acme], columns: [bed] }, expectations: [{ expect: row_count, min: 1 }] }
`);
  it.each([
    ['the one it names', { sourceTable: 'orders' }, 'orders'],
    ['the one it names, though a column is missing', { sourceTable: 'visits', columns: ['x'] }, 'visits'],
    ['the one it names, though it looks like another', { sourceTable: 'stays', clientId: 'acme' }, 'stays'],
    ['none where the named one is for others', { sourceTable: 'stays' }, undefined],
    ['the first whose columns it has, where it names none', {}, 'visits'],
    ['the same where the file knows no such name', { sourceTable: 'elsewhere' }, 'visits'],
    ['none where nothing fits', { columns: ['x'] }, undefined],
  ])('is %s', (_, job, expected) => {
    expect(tableOf(tables(), { ...anyJob, ...job })?.sourceTable).toBe(expected);
  });
});
