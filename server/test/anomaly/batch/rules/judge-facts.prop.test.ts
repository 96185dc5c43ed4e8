import { batchRulesSchema, type RuleDefinition } from '@sdp/shared/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ColumnProfile } from '../../../../src/anomaly/batch/column-profile.ts';
import { overRows } from '../../../../src/anomaly/batch/rules/column-conditions.ts';
import { judgeFacts } from '../../../../src/anomaly/batch/rules/judge-facts.ts';
import { RowFacts } from '../../../../src/anomaly/batch/rules/row-facts.ts';
import { RowReader } from '../../../../src/anomaly/batch/rules/row-reader.ts';
import { compileRule } from '../../../../src/anomaly-rules/index.ts';

const columns = ['at', 'who', 'what', 'size'];
const withinMs = 10_000;

/** Few times, people and values, so that rows coincide, also exactly `within` apart. */
const row = fc.record({
  at: fc.integer({ min: 0, max: 30 }).map((second) => second * 1_000),
  who: fc.constantFrom('ann', 'bob', ''),
  what: fc.constantFrom('ok', 'bad', 'odd', ''),
  size: fc.integer({ min: 0, max: 3 }),
});
type Row = typeof row extends fc.Arbitrary<infer T> ? T : never;

const common = { id: 'r', title: 'A rule', group_by: ['who'], within: '10s' };
const bad = { field: 'what', equals: 'bad' };

interface Case {
  readonly name: string;
  readonly rule: Record<string, unknown>;
  /** Whether these rows, all of one window, meet the rule; written without the product's code. */
  readonly isMet: (rows: readonly Row[]) => boolean;
  /** Rows that a finding is about. */
  readonly concerns: (row: Row) => boolean;
}

const any = () => true;
const isBad = ({ what }: Row) => what === 'bad';
const share = (rows: readonly Row[]) => rows.filter(isBad).length / rows.length;
const cases: readonly Case[] = [
  {
    name: 'threshold',
    rule: { form: 'threshold', where: bad, count: 3 },
    isMet: (rows) => rows.filter(isBad).length >= 3,
    concerns: isBad,
  },
  {
    name: 'rate by second',
    rule: { form: 'rate', where: bad, per_second: 0.3 },
    isMet: (rows) => rows.filter(isBad).length >= 3,
    concerns: isBad,
  },
  {
    name: 'share',
    rule: { form: 'rate', where: bad, share: 0.6, minimum: 4 },
    isMet: (rows) => rows.length >= 4 && share(rows) >= 0.6,
    concerns: isBad,
  },
  {
    name: 'distinct',
    rule: { form: 'distinct', field: 'size', count: 3 },
    isMet: (rows) => new Set(rows.map(({ size }) => size)).size >= 3,
    concerns: any,
  },
  {
    name: 'ratio above',
    rule: { form: 'ratio', numerator: bad, denominator: { field: 'size', above: 0 }, at_least: 1.5, minimum: 2 },
    isMet: (rows) => {
      const sized = rows.filter(({ size }) => size > 0).length;
      return sized >= 2 && rows.filter(isBad).length / sized >= 1.5;
    },
    concerns: isBad,
  },
  {
    name: 'ratio below',
    rule: { form: 'ratio', numerator: bad, denominator: { field: 'size', above: 0 }, below: 0.2, minimum: 3 },
    isMet: (rows) => {
      const sized = rows.filter(({ size }) => size > 0).length;
      return sized >= 3 && rows.filter(isBad).length / sized < 0.2;
    },
    concerns: ({ what, size }) => what === 'bad' || size > 0,
  },
  {
    name: 'all within',
    rule: { form: 'all', conditions: [bad, { field: 'what', equals: 'odd' }, { field: 'size', at_least: 3 }] },
    isMet: (rows) => rows.some(isBad) && rows.some(({ what }) => what === 'odd') && rows.some(({ size }) => size >= 3),
    concerns: ({ what, size }) => what === 'bad' || what === 'odd' || size >= 3,
  },
];

const ruleOf = (given: Record<string, unknown>): RuleDefinition =>
  batchRulesSchema.parse([{ ...common, ...given }])[0] as RuleDefinition;

/** Places of the rows that the product marks. */
function marked(given: Record<string, unknown>, rows: readonly Row[]): number[] {
  const rule = ruleOf(given);
  const cells = rows.map(({ at, who, what, size }) => [String(at), who, what, String(size)]);
  const profiles = columns.map((_, index) => {
    const profile = new ColumnProfile();
    for (const each of cells) profile.add(each[index]);
    return profile;
  });
  const reader = new RowReader([rule], { columns, profiles });
  const facts = new RowFacts(compileRule(overRows(rule)), rows.length);
  for (const [index, each] of cells.entries()) facts.add(index, rows[index]?.at ?? 0, reader.read(each));
  const { rows: places, found } = judgeFacts(facts, Math.max(...rows.map(({ at }) => at)));
  return [...places].filter((_, index) => (found[index] as number) >= 0);
}

const rows = fc.array(row, { minLength: 1, maxLength: 25 });
const groups = (all: readonly Row[]) =>
  ['ann', 'bob'].map((who) => all.map((each, place) => ({ each, place })).filter(({ each }) => each.who === who));

describe('rows that a rule marks', () => {
  test.each(cases)(
    '$name: those that stand in any window that meets it, and no others',
    ({ rule, isMet, concerns }) => {
      fc.assert(
        fc.property(rows, (all) => {
          const expected = groups(all).flatMap((group) => {
            const windows = group
              .map(({ each: { at: end } }) => group.filter(({ each: { at } }) => at > end - withinMs && at <= end))
              .filter((window) => isMet(window.map(({ each }) => each)));
            return group.filter((one) => concerns(one.each) && windows.some((window) => window.includes(one)));
          });
          expect(marked(rule, all)).toEqual(expected.map(({ place }) => place).sort((a, b) => a - b));
        }),
        { numRuns: 150 },
      );
    },
  );

  test('sustained: samples in a row, none between them that meets less', () => {
    const rule = { form: 'sustained', condition: { field: 'size', at_least: 2 }, samples: 3 };
    fc.assert(
      fc.property(rows, (all) => {
        const expected = groups(all).flatMap((group) => {
          // Of one time, those that meet less come first.
          const inRow = group.toSorted(
            (a, b) => a.each.at - b.each.at || Number(a.each.size >= 2) - Number(b.each.size >= 2),
          );
          const hits = new Set<number>();
          for (let from = 0; from + 3 <= inRow.length; from += 1) {
            const three = inRow.slice(from, from + 3);
            const spanMs = (three[2]?.each.at ?? 0) - (three[0]?.each.at ?? 0);
            if (spanMs < withinMs && three.every(({ each }) => each.size >= 2))
              for (const { place } of three) hits.add(place);
          }
          return [...hits];
        });
        expect(marked(rule, all)).toEqual(expected.sort((a, b) => a - b));
      }),
      { numRuns: 150 },
    );
  });

  test('absence: the last row before nothing came for longer, as far as the batch goes', () => {
    fc.assert(
      fc.property(rows, (all) => {
        const newest = Math.max(...all.map(({ at }) => at));
        const ends = groups(all).flatMap((group) =>
          group
            .filter(({ each, place }) => {
              const later = group.filter(
                (other) => other.each.at > each.at || (other.each.at === each.at && other.place > place),
              );
              return Math.min(newest, ...later.map((other) => other.each.at)) - each.at > withinMs;
            })
            .map(({ each }) => `${each.who}@${each.at}`),
        );
        const found = marked({ form: 'absence' }, all).map((place) => `${all[place]?.who}@${all[place]?.at}`);
        expect(found.sort()).toEqual(ends.sort());
      }),
      { numRuns: 150 },
    );
  });

  test('the order of the batch makes no difference', () => {
    const rules = [...cases.map(({ rule }) => rule), { form: 'sustained', condition: bad, samples: 2 }];
    fc.assert(
      fc.property(rows, fc.constantFrom(...rules), (all, rule) => {
        const texts = (order: readonly Row[]) =>
          marked(rule, order)
            .map((place) => JSON.stringify(order[place]))
            .sort();
        expect(texts(all.toReversed())).toEqual(texts(all));
      }),
      { numRuns: 200 },
    );
  });
});
