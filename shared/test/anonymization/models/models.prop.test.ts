import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  anonymize,
  anonymizeOptimally,
  distinctDiversity,
  type EncodedColumn,
  entropyDiversity,
  generalizationOf,
  type PrivacyModel,
  tCloseness,
} from '../../../src/anonymization/index.ts';
import { encodeRows, released } from '../encode.ts';
import { classesOf, naiveEntropy, naiveEqualDistance, naiveOrderedDistance } from '../naive-models.ts';

const rowArbitrary = fc.tuple(
  fc.integer({ min: 0, max: 60 }).map(String),
  fc.constantFrom('a', 'b', 'c', 'd', ''),
  fc.constantFrom('flu', 'cold', 'asthma', 'angina', ''),
  fc.oneof(fc.integer({ min: 1, max: 9 }).map(String), fc.constant('')),
);
const askedArbitrary = fc.record({
  rows: fc.array(rowArbitrary, { minLength: 1, maxLength: 90 }),
  k: fc.integer({ min: 1, max: 6 }),
  l: fc.integer({ min: 1, max: 4 }),
  entropyL: fc.double({ min: 1, max: 3, noNaN: true }),
  t: fc.double({ min: 0.05, max: 0.9, noNaN: true }),
  hierarchies: fc.boolean(),
  relaxed: fc.boolean(),
  limit: fc.constantFrom(0, 0.1, 0.5, 1),
});
type Asked = typeof askedArbitrary extends fc.Arbitrary<infer T> ? T : never;

describe('every released class', () => {
  test.each(['mondrian', 'optimal'] as const)('of %s satisfies what was asked, by the definitions', (algorithm) => {
    let releases = 0;
    fc.assert(
      fc.property(askedArbitrary, (asked) => {
        const result = release(algorithm, asked);
        if (result === undefined) return;
        const visible = result.rows.flatMap((row, record) => (result.suppressed[record] ? [] : [{ row, record }]));
        for (const members of classesOf(visible.map(({ row }) => row))) {
          releases += 1;
          assertClass(
            members.map((at) => visible[at]?.record ?? -1),
            asked,
          );
        }
        const hidden = result.suppressed.filter(Boolean).length;
        if (algorithm === 'optimal') expect(hidden).toBeLessThanOrEqual(asked.rows.length * asked.limit);
        else expect([0, asked.rows.length]).toContain(hidden);
      }),
      { numRuns: 300 },
    );
    expect(releases).toBeGreaterThan(60);
  });
});

function release(algorithm: 'mondrian' | 'optimal', { rows, k, l, entropyL, t, hierarchies, relaxed, limit }: Asked) {
  const [age, group, diagnosis, score] = encodeRows(rows, 4) as [
    EncodedColumn,
    EncodedColumn,
    EncodedColumn,
    EncodedColumn,
  ];
  const models: PrivacyModel[] = [
    distinctDiversity(diagnosis, l),
    entropyDiversity(diagnosis, entropyL),
    tCloseness(diagnosis, t),
    tCloseness(score, t),
  ];
  const generalizations = [age, group].map((column) => generalizationOf(column));
  try {
    const result =
      algorithm === 'mondrian'
        ? anonymize({ columns: [age, group], k, models, relaxed, ...(hierarchies ? { generalizations } : {}) })
        : anonymizeOptimally({ generalizations, k, models, suppressionLimit: limit });
    return {
      rows: released(result).map((values) => JSON.stringify(values)),
      suppressed: Array.from(result.classOf, (position) => result.classes[position]?.suppressed === true),
    };
  } catch (error) {
    expect(error).toMatchObject({ code: 'anonymization-impossible' });
    return undefined;
  }
}

function assertClass(records: readonly number[], { rows, k, l, entropyL, t }: Asked): void {
  const column = (index: 2 | 3) => rows.map((row) => row[index]);
  const diagnoses = records.map((record) => rows[record]?.[2] ?? '');
  const scores = records.map((record) => rows[record]?.[3] ?? '');
  expect(records.length).toBeGreaterThanOrEqual(k);
  expect(new Set(diagnoses).size).toBeGreaterThanOrEqual(l);
  expect(naiveEntropy(diagnoses)).toBeGreaterThanOrEqual(Math.log(entropyL) - 1e-8);
  expect(naiveEqualDistance(diagnoses, column(2))).toBeLessThanOrEqual(t + 1e-8);
  expect(naiveOrderedDistance(scores, column(3))).toBeLessThanOrEqual(t + 1e-8);
}
