import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CompiledRule, compileRule, factOf, RuleJudge } from '../../src/anomaly-rules/index.ts';
import type { StreamEvent } from '../../src/detectors/index.ts';
import { type OracleRule, oracle } from './rule-oracle.ts';
import { epochMs, ruleOf, silentEvents, streamEvent } from './stream-events.ts';

const second = 1_000;
const latenessMs = 20 * second;
const limits = { groups: 100_000, events: 200_000, eventsPerGroup: 10_000 };

/**
 * Streams in which many events are exactly a window apart, out of order, of one time, too late, of clocks that are minutes or
 * hours ahead, of no user, or hold the largest and smallest numbers.
 */
const arrivals = fc
  .array(
    fc.record({
      stepMs: fc.oneof(
        fc.constantFrom(0, 1, 999, 1_000, 5_000, 9_999, 10_000, 10_001),
        fc.integer({ min: 0, max: 90_000 }),
      ),
      backMs: fc.oneof(
        { weight: 3, arbitrary: fc.constant(0) },
        { weight: 2, arbitrary: fc.constantFrom(1, 1_000, 9_999, 10_000, 10_001, 19_999, 20_000, 20_001) },
        { weight: 1, arbitrary: fc.integer({ min: 0, max: 30_000 }) },
      ),
      aheadMs: fc.oneof(
        { weight: 9, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.constantFrom(1, 59_999, 60_000, 60_001, 3_600_000, 86_400_000) },
      ),
      user: fc.constantFrom('u1', 'u1', 'u1', 'u2', undefined),
      level: fc.constantFrom('ERROR', 'ERROR', 'INFO'),
      value: fc.oneof(
        { weight: 9, arbitrary: fc.integer({ min: 0, max: 4 }) },
        { weight: 1, arbitrary: fc.constantFrom(-1, Number.MAX_VALUE, -Number.MAX_VALUE, Number.MIN_VALUE) },
      ),
    }),
    { minLength: 1, maxLength: 80, size: 'max' },
  )
  .map((steps) => {
    let nowMs = epochMs;
    return steps.map(({ stepMs, backMs, aheadMs, user, level, value }, index): StreamEvent => {
      nowMs += stepMs;
      return streamEvent({
        ...{ type: 'log', eventId: `e${index}`, level, message: '', atMs: nowMs - backMs + aheadMs },
        ...(user !== undefined && { userId: user }),
        receivedAtMs: nowMs,
        attributes: { value },
        place: { topic: 'logs', partition: 0, offset: BigInt(index), index: 0 },
      });
    });
  });

const error = { field: 'level', equals: 'ERROR' };
const isError = ({ level }: StreamEvent) => level === 'ERROR';
const ofUser = ({ userId }: StreamEvent) => userId;
const errorOfUser = (event: StreamEvent) => (isError(event) ? event.userId : undefined);
const numberOf = ({ attributes }: StreamEvent) => attributes?.['value'] as number;
const above = (value: number) => ({ field: 'attributes.value', at_least: value });

type Oracle = Pick<OracleRule, 'groupOf' | 'isMet' | 'samples'>;
const cases: Record<string, [rule: Record<string, unknown>, oracle: Oracle]> = {
  threshold: [
    { form: 'threshold', where: error, count: 3 },
    { groupOf: errorOfUser, isMet: (events) => events.length >= 3 },
  ],
  'rate, per second': [
    { form: 'rate', where: error, per_second: 0.4 },
    { groupOf: errorOfUser, isMet: (events) => events.length / 10 >= 0.4 },
  ],
  'rate, share': [
    { form: 'rate', where: error, share: 0.75, minimum: 3 },
    { groupOf: ofUser, isMet: (events) => events.length >= 3 && events.filter(isError).length / events.length >= 0.75 },
  ],
  'ratio at least': [
    { form: 'ratio', numerator: above(2), denominator: error, at_least: 1, minimum: 2 },
    {
      groupOf: (event) => (numberOf(event) >= 2 || isError(event) ? event.userId : undefined),
      isMet: (events) => {
        const denominator = events.filter(isError).length;
        return denominator >= 2 && events.filter((event) => numberOf(event) >= 2).length >= denominator;
      },
    },
  ],
  'ratio below': [
    { form: 'ratio', numerator: above(3), denominator: error, below: 0.5, minimum: 2 },
    {
      groupOf: (event) => (numberOf(event) >= 3 || isError(event) ? event.userId : undefined),
      isMet: (events) => {
        const denominator = events.filter(isError).length;
        return denominator >= 2 && events.filter((event) => numberOf(event) >= 3).length < denominator / 2;
      },
    },
  ],
  distinct: [
    { form: 'distinct', where: error, field: 'attributes.value', count: 3 },
    { groupOf: errorOfUser, isMet: (events) => new Set(events.map(numberOf)).size >= 3 },
  ],
  all: [
    { form: 'all', conditions: [error, above(3), { field: 'attributes.value', below: 1 }] },
    {
      groupOf: (event) => (isError(event) || numberOf(event) >= 3 || numberOf(event) < 1 ? event.userId : undefined),
      isMet: (events) =>
        events.some(isError) &&
        events.some((event) => numberOf(event) >= 3) &&
        events.some((event) => numberOf(event) < 1),
    },
  ],
  any: [
    { form: 'any', conditions: [error, above(3), { field: 'attributes.value', below: 1 }], at_least: 2 },
    {
      groupOf: (event) => (isError(event) || numberOf(event) >= 3 || numberOf(event) < 1 ? event.userId : undefined),
      isMet: (events) =>
        [isError, (e: StreamEvent) => numberOf(e) >= 3, (e: StreamEvent) => numberOf(e) < 1].filter((is) =>
          events.some(is),
        ).length >= 2,
    },
  ],
  sustained: [
    { form: 'sustained', condition: above(2), samples: 3 },
    { groupOf: ofUser, isMet: () => false, samples: { count: 3, isMet: (event) => numberOf(event) >= 2 } },
  ],
};

/** What claims to be of the future counts as of when it came. */
function asItCounts(event: StreamEvent): StreamEvent {
  return event.atMs > event.receivedAtMs + 60 * second ? { ...event, atMs: event.receivedAtMs } : event;
}

function judgeOf(rule: CompiledRule) {
  return new RuleJudge({ rules: [rule], latenessMs, limits, events: silentEvents });
}

/** @param interrupted after so many events the state is written, and read again */
function judged(rule: CompiledRule, events: readonly StreamEvent[], interrupted = -1) {
  let judge = judgeOf(rule);
  return events.flatMap((event, index) => {
    if (index === interrupted) {
      judge = RuleJudge.restore(judge.snapshot(), { rules: [rule], latenessMs, limits, events: silentEvents });
    }
    judge.advance(event.receivedAtMs);
    const fact = factOf(rule, event, 60 * second);
    const firing = fact && judge.judge(fact);
    return firing === undefined ? [] : [firing];
  });
}

describe.each(Object.entries(cases))('%s', (_, [definition, expected]) => {
  it.each([
    ['each window', '0s', 0],
    ['a cooldown of the window', undefined, 10 * second],
    ['a long cooldown', '25s', 25 * second],
  ])('finds what its description says, with %s', (__, cooldown, cooldownMs) => {
    const rule = compileRule(
      ruleOf({ ...definition, within: '10s', group_by: ['user_id'], ...(cooldown && { cooldown }) }),
    );
    const oracleRule = { withinMs: 10 * second, cooldownMs, latenessMs, ...expected };
    fc.assert(
      fc.property(arrivals, fc.integer({ min: 0, max: 80 }), (events, interrupted) => {
        const found = judged(rule, events);
        const wanted = oracle(oracleRule, events.map(asItCounts));
        expect(found.map(({ eventId, lastMs }) => `${eventId} ${lastMs - epochMs}`)).toEqual(
          wanted.map(({ eventId, endMs }) => `${eventId} ${endMs - epochMs}`),
        );
        if (rule.evidenceBits === 0) {
          expect(found.map(({ count }) => count)).toEqual(wanted.map(({ eventIds }) => eventIds.length));
          expect(found.map(({ eventIds }) => eventIds)).toEqual(wanted.map(({ eventIds }) => eventIds.slice(-20)));
        }
        // Whoever goes on from a snapshot comes to the same.
        const strip = ({ rule: _rule, ...rest }: (typeof found)[number]) => rest;
        expect(judged(rule, events, interrupted).map(strip)).toEqual(found.map(strip));
      }),
      { numRuns: Number(process.env['SDP_PROPERTY_RUNS'] ?? 150) },
    );
  });
});
