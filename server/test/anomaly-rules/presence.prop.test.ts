import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CompiledRule, type Fact, factOf, RuleJudge } from '../../src/anomaly-rules/index.ts';
import { epochMs, ruleSetOf, silentEvents, streamEvent } from './stream-events.ts';

const second = 1_000;
const overMs = 65 * second;
const rules = ruleSetOf([{ form: 'absence', events: 'metric', group_by: ['host'], within: '1m' }]);
const [rule] = rules.rules as [CompiledRule];
const options = { rules: [rule], latenessMs: 3_600_000, limits: rules.limits, events: silentEvents };

/** Events by the time at which the API took them; `lag` is how much later they are shown, as their partition is behind. */
const events = fc.array(
  fc.record({
    gapMs: fc.oneof(
      fc.constantFrom(0, 1, 60_000, 64_999, 65_000, 65_001, 130_000, 130_001),
      fc.integer({ min: 0, max: 200_000 }),
    ),
    host: fc.constantFrom('a', 'a', 'b'),
    lag: fc.integer({ min: 0, max: 12 }),
    isLooked: fc.boolean(),
  }),
  { minLength: 1, maxLength: 40 },
);

describe('absences', () => {
  it('are the silences between the times of events, in whatever order these come and whenever it is looked', () => {
    fc.assert(
      fc.property(events, fc.integer({ min: 0, max: 40 }), (given, interrupted) => {
        let nowMs = epochMs;
        const taken = given.map(({ gapMs, host, lag, isLooked }, index) => {
          nowMs += gapMs;
          return {
            lag,
            isLooked,
            index,
            event: streamEvent({ type: 'metric', eventId: `e${index}`, host, atMs: nowMs }),
          };
        });
        const shown = taken.toSorted((a, b) => a.index + a.lag - (b.index + b.lag) || a.index - b.index);
        let judge = new RuleJudge(options);
        const found = shown.flatMap(({ event, isLooked }, place) => {
          if (place === interrupted) judge = RuleJudge.restore(judge.snapshot(), options);
          judge.judge(factOf(rule, event, 0) as Fact);
          // All that is left was taken later than that.
          const left = shown.slice(place + 1).map((each) => each.event.receivedAtMs);
          return isLooked ? judge.advance(Math.min(nowMs, ...left) - 1) : [];
        });
        const endMs = nowMs + 10 * overMs;
        found.push(...judge.advance(endMs));

        const wanted = ['a', 'b'].flatMap((host) => {
          const own = taken.map(({ event }) => event).filter((event) => event.host === host);
          return own.flatMap(({ receivedAtMs }, index) => {
            const nextMs = own[index + 1]?.receivedAtMs ?? endMs;
            return nextMs - receivedAtMs > overMs ? [`${host} ${receivedAtMs - epochMs + 60_000}`] : [];
          });
        });
        expect(found.map(({ group, atMs }) => `${group[0]} ${atMs - epochMs}`).toSorted()).toEqual(wanted.toSorted());
        // Nothing is told of twice, and nobody waits any more.
        expect(judge.advance(endMs + 10 * overMs)).toEqual([]);
        expect(judge.hasAbsences).toBe(false);
      }),
      { numRuns: Number(process.env['SDP_PROPERTY_RUNS'] ?? 300) },
    );
  });
});
