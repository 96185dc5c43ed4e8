import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { hasTestData, readTestJson, testDataPath } from '../../../../test/support/test-data.ts';
import { ColumnEncoder, protectionOf, tableClasses } from '../../../src/anonymization/index.ts';

const expectation = ['labels', 'pycanon_expected.json'] as const;

const expectedSchema = z.object({
  upstream_asserts_StudentsMath_raw: z.object({
    k: z.number(),
    l: z.number(),
    entropy_l: z.number(),
    alpha_k: z.tuple([z.number(), z.number()]),
    basic_beta: z.number(),
    enhanced_beta: z.number(),
    delta_disclosure: z.number(),
    t_closeness: z.number(),
  }),
  upstream_asserts_StudentsMath_k5: z.object({ k: z.number(), alpha_k: z.tuple([z.number(), z.number()]) }),
  files: z.array(
    z.object({
      file: z.string(),
      rows: z.number(),
      quasi_identifiers: z.array(z.string()),
      sensitive: z.array(z.string()),
      k_recomputed: z.number(),
      l_recomputed: z.number(),
    }),
  ),
});

describe.skipIf(!hasTestData(...expectation))('on files whose k and l are known (skipped where absent)', () => {
  const expected = hasTestData(...expectation) ? expectedSchema.parse(readTestJson(...expectation)) : undefined;
  const entryOf = (file: string) => {
    const entry = expected?.files.find((each) => each.file === file);
    if (entry === undefined) throw new Error('no such file');
    return entry;
  };

  test.each(expected?.files ?? [])('measures k and l of $file', (entry) => {
    const { rows, protection } = measure(entry);
    expect(rows).toBe(entry.rows);
    expect(protection.k).toBe(entry.k_recomputed);
    expect(protection.sensitive[0]?.distinctL).toBe(entry.l_recomputed);
  });

  test('measures the other models as pyCANON does', () => {
    const known = expected?.upstream_asserts_StudentsMath_raw;
    const { protection } = measure(entryOf('processed/StudentsMath_Score.csv'));
    const [score] = protection.sensitive;
    expect(protection.k).toBe(known?.k);
    expect(Math.floor((score?.entropyL ?? 0) + 1e-9)).toBe(known?.entropy_l);
    expect([score?.alpha, protection.k]).toEqual(known?.alpha_k);
    expect(score?.basicBeta).toBeCloseTo(known?.basic_beta ?? 0, 9);
    expect(score?.enhancedBeta).toBeCloseTo(known?.enhanced_beta ?? 0, 9);
    expect(score?.deltaDisclosure).toBeCloseTo(known?.delta_disclosure ?? 0, 9);
    expect(score?.t).toBeCloseTo(known?.t_closeness ?? 0, 9);
    const five = measure(entryOf('processed/StudentsMath_Score_k5.csv')).protection;
    expect([five.sensitive[0]?.alpha, five.k]).toEqual(expected?.upstream_asserts_StudentsMath_k5.alpha_k);
  });
});

function measure(entry: { file: string; quasi_identifiers: string[]; sensitive: string[] }) {
  const [header = [], ...rows] = readRows(testDataPath('anon-pycanon', entry.file));
  const encode = (name: string) => {
    const encoder = new ColumnEncoder(name);
    const index = header.indexOf(name);
    for (const row of rows) encoder.add(row[index] ?? '');
    return encoder.finish();
  };
  const classOf = tableClasses(entry.quasi_identifiers.map(encode));
  return { rows: rows.length, protection: protectionOf(classOf, () => true, entry.sensitive.map(encode)) };
}

function readRows(file: string): string[][] {
  const lines = readFileSync(file, 'utf8').trim().split(/\r?\n/);
  return lines.map((line) => {
    const cells = Array.from(
      line.matchAll(/(?:"([^"]*)"|([^,]*))(?:,|$)/g),
      ([, quoted, plain]) => quoted ?? plain ?? '',
    );
    return line.endsWith(',') ? cells : cells.slice(0, -1);
  });
}
