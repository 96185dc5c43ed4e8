import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { ResultSpool } from '../../src/results/result-spool.ts';

let spool: ResultSpool | undefined;

afterEach(() => {
  spool?.close();
  spool = undefined;
});

function filled(keys: readonly string[]): ResultSpool {
  const filling = new ResultSpool();
  spool = filling;
  filling.begin();
  keys.forEach((key, index) => {
    filling.add(index + 1, key, [`r${index + 1}`]);
  });
  filling.seal();
  return filling;
}

const join = (results: readonly string[], rows: readonly string[]) => {
  const taking = filled(results);
  const taken = rows.map((key) => taking.take(key)?.[0]);
  return { taken, counts: taking.counts() };
};

describe('the join', () => {
  test('in one order', () => {
    const { taken, counts } = join(['a', 'b', 'c'], ['a', 'b', 'c']);
    expect(taken).toEqual(['r1', 'r2', 'r3']);
    expect(counts).toEqual({ matched: 3, unmatchedRows: 0, foreignResults: 0, duplicateKeys: 0, repeatedResults: 0 });
  });

  test('in another order, with rows and results that nothing belongs to', () => {
    const { taken, counts } = join(['a', 'b', 'x', 'c'], ['a', 'c', 'y', 'b']);
    expect(taken).toEqual(['r1', 'r4', undefined, 'r2']);
    expect(counts).toEqual({ matched: 3, unmatchedRows: 1, foreignResults: 1, duplicateKeys: 0, repeatedResults: 0 });
  });

  test('a key that repeats on both sides is matched by its occurrence', () => {
    const { taken, counts } = join(['a', 'a', 'b'], ['b', 'a', 'a', 'a']);
    expect(taken).toEqual(['r3', 'r1', 'r2', undefined]);
    expect(counts).toMatchObject({ matched: 3, unmatchedRows: 1, duplicateKeys: 2, repeatedResults: 1 });
  });

  test('a single result serves every row with its key', () => {
    const { taken, counts } = join(['a', 'b'], ['b', 'b', 'a']);
    expect(taken).toEqual(['r2', 'r2', 'r1']);
    expect(counts).toMatchObject({ matched: 3, duplicateKeys: 1, foreignResults: 0 });
  });
});

/** The join as its description has it, in memory. */
function joinPlainly(results: readonly string[], rows: readonly string[]): (string | undefined)[] {
  const byKey = Map.groupBy(results.entries(), ([, key]) => key);
  const seen = new Map<string, number>();
  return rows.map((key) => {
    const occurrence = seen.get(key) ?? 0;
    seen.set(key, occurrence + 1);
    const all = byKey.get(key) ?? [];
    const entry = all.length === 1 ? all[0] : all[occurrence];
    return entry === undefined ? undefined : `r${entry[0] + 1}`;
  });
}

test('merge and lookup give what the description says, wherever the order breaks', () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd', '', '1');
  fc.assert(
    fc.property(
      fc.array(key, { maxLength: 12 }),
      fc.array(key, { maxLength: 12 }),
      fc.nat(12),
      (results, other, same) => {
        const rows = [...results.slice(0, same), ...other];
        const { taken, counts } = join(results, rows);
        spool?.close();
        spool = undefined;
        // A duplicate row in the first, equally ordered part has met its own result only; both rules agree there.
        expect(taken).toEqual(joinPlainly(results, rows));
        expect(counts.matched).toBe(taken.filter((cells) => cells !== undefined).length);
        expect(counts.unmatchedRows).toBe(rows.length - counts.matched);
        expect(counts.duplicateKeys).toBe(rows.length - new Set(rows).size);
        expect(counts.repeatedResults).toBe(results.length - new Set(results).size);
        const used = new Set(taken.filter((cells) => cells !== undefined)).size;
        expect(counts.foreignResults).toBe(results.length - used);
      },
    ),
    { numRuns: 150 },
  );
});

test('nothing is left on the disk, and a second try starts empty', () => {
  const before = readdirSync(tmpdir()).filter((name) => name.startsWith('sdp-results-'));
  const tried = filled(['a', 'b']);
  tried.begin();
  tried.add(1, 'z', ['r1']);
  tried.seal();
  expect(tried.take('z')).toEqual(['r1']);
  tried.close();
  spool = undefined;
  const after = readdirSync(tmpdir()).filter((name) => name.startsWith('sdp-results-'));
  expect(after.filter((name) => !before.includes(name) && existsSync(name))).toEqual([]);
});
