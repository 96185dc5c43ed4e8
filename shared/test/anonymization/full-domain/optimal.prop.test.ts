import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  anonymizeOptimally,
  distinctDiversity,
  type EncodedColumn,
  entropyDiversity,
  type Generalization,
  generalizationOf,
  objectives,
  type PrivacyModel,
} from '../../../src/anonymization/index.ts';
import { encodeRows } from '../encode.ts';
import { classesOf, naiveEntropy } from '../naive-models.ts';

const askedArbitrary = fc.record({
  rows: fc.array(
    fc.tuple(
      fc.integer({ min: 0, max: 40 }).map(String),
      fc.constantFrom('11', '12', '21', '22', '31', ''),
      fc.constantFrom('x', 'y', 'z'),
      fc.constantFrom('flu', 'cold', 'asthma'),
    ),
    { minLength: 1, maxLength: 40 },
  ),
  k: fc.integer({ min: 1, max: 5 }),
  model: fc.constantFrom('none', 'distinct', 'entropy'),
  limit: fc.constantFrom(0, 0.1, 0.4, 1),
  objective: fc.constantFrom(...objectives),
});
type Asked = typeof askedArbitrary extends fc.Arbitrary<infer T> ? T : never;

test('no transformation in the whole lattice costs less than the one that is found', () => {
  let found = 0;
  fc.assert(
    fc.property(askedArbitrary, (asked) => {
      const columns = encodeRows(asked.rows, 4);
      const generalizations = [
        generalizationOf(columns[0] as EncodedColumn, { kind: 'intervals', widths: [5, 10, 20] }),
        generalizationOf(columns[1] as EncodedColumn, { kind: 'mask' }),
        generalizationOf(columns[2] as EncodedColumn),
      ];
      const cheapest = bruteForce(asked, generalizations);
      try {
        const result = anonymizeOptimally({
          generalizations,
          k: asked.k,
          models: modelsOf(asked, columns[3] as EncodedColumn),
          suppressionLimit: asked.limit,
          objective: asked.objective,
        });
        expect(result.cost).toBeCloseTo(cheapest, 9);
        // The levels that it names cost what it says.
        expect(costOf(asked, generalizations, result.levels)).toBeCloseTo(cheapest, 9);
        found += 1;
      } catch (error) {
        expect(error).toMatchObject({ code: 'anonymization-impossible' });
        expect(cheapest).toBe(Number.POSITIVE_INFINITY);
      }
    }),
    { numRuns: 300 },
  );
  expect(found).toBeGreaterThan(100);
});

function modelsOf({ model }: Asked, sensitive: EncodedColumn): PrivacyModel[] {
  if (model === 'none') return [];
  return [model === 'distinct' ? distinctDiversity(sensitive, 2) : entropyDiversity(sensitive, 1.8)];
}

function bruteForce(asked: Asked, generalizations: readonly Generalization[]): number {
  const heights = generalizations.map(({ levels }) => levels.length);
  let cheapest = Number.POSITIVE_INFINITY;
  for (let node = 0; node < heights.reduce((a, b) => a * b, 1); node += 1) {
    let rest = node;
    const levels = heights.map((height) => {
      const level = rest % height;
      rest = Math.floor(rest / height);
      return level;
    });
    cheapest = Math.min(cheapest, costOf(asked, generalizations, levels));
  }
  return cheapest;
}

/** Infinite where too many records would have to be suppressed. */
function costOf(asked: Asked, generalizations: readonly Generalization[], levels: readonly number[]): number {
  const groups = asked.rows.map((_, record) =>
    generalizations.map(({ column, levels: all }, index) => {
      const level = all[levels[index] ?? 0];
      return level?.groupOf[column.codes[record] ?? 0] ?? 0;
    }),
  );
  const hidden = new Set(
    classesOf(groups.map((each) => each.join(' ')))
      .filter((members) => {
        const values = members.map((record) => asked.rows[record]?.[3] ?? '');
        if (members.length < asked.k) return true;
        if (asked.model === 'distinct') return new Set(values).size < 2;
        return asked.model === 'entropy' && naiveEntropy(values) < Math.log(1.8) - 1e-9;
      })
      .flat(),
  );
  if (hidden.size > asked.rows.length * asked.limit + 1e-9) return Number.POSITIVE_INFINITY;
  return (
    generalizations.reduce(
      (sum, _, index) => sum + columnCost(asked, generalizations, levels, groups, hidden, index),
      0,
    ) / generalizations.length
  );
}

function columnCost(
  { rows, objective }: Asked,
  generalizations: readonly Generalization[],
  levels: readonly number[],
  groups: readonly (readonly number[])[],
  hidden: ReadonlySet<number>,
  index: number,
): number {
  const { column, levels: all } = generalizations[index] as Generalization;
  const level = all[levels[index] ?? 0];
  const times = (of: (record: number) => number | undefined, value: number | undefined) =>
    rows.filter((_, record) => of(record) === value).length;
  const code = (record: number) => column.codes[record];
  const group = (record: number) => groups[record]?.[index];
  let [cost, most] = [0, 0];
  for (const record of rows.keys()) {
    if (objective === 'loss') {
      cost += hidden.has(record) ? 1 : (level?.loss[group(record) ?? 0] ?? 0);
      most += 1;
    } else {
      const own = times(code, code(record));
      cost += Math.log2((hidden.has(record) ? rows.length : times(group, group(record))) / own);
      most += Math.log2(rows.length / own);
    }
  }
  return most > 0 ? cost / most : 0;
}
