import fc from 'fast-check';
import { expect, test } from 'vitest';
import { forestDetectorFactory, forestSettingsSchema } from '../../../src/anomaly/index.ts';
import type { Finding } from '../../../src/detectors/index.ts';
import { samples, transactions } from './forest-stream.ts';

const scope = { topic: 'events', partition: 3 };
// Small, so that forests come and go, users are forgotten and most of what is kept is in play.
const factory = forestDetectorFactory(
  forestSettingsSchema.parse({
    ...{ learn_events: 500, retrain_events: 500, retrain_minutes: 0, max_profiles: 64, max_groups: 3 },
    ...{ false_alarm_rate: 0.02, quiet_minutes: 1 },
  }),
);

const others = transactions(600, 8).map((event) => ({ ...event, clientId: 'other' }));
const events = [...transactions(2_500), ...samples(1_500), ...others]
  .sort((a, b) => a.atMs - b.atMs)
  .map((event, index) => ({
    ...event,
    eventId: `e${index}`,
    place: { ...event.place, offset: BigInt(Math.floor(index / 100)), index: index % 100 },
  }));

function unbroken(): { found: readonly Finding[]; state: Buffer } {
  const detector = factory.create(scope);
  return { found: detector.observe(events), state: Buffer.from(detector.snapshot()) };
}

test('split anywhere, restored and gone on: the same findings and the same state as in one go', () => {
  const expected = unbroken();
  expect(expected.found.length).toBeGreaterThan(20);
  expect(new Set(expected.found.map(({ detectorVersion }) => detectorVersion)).size).toBeGreaterThan(1);
  const cuts = fc.array(fc.nat({ max: events.length }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(cuts, fc.infiniteStream(fc.boolean()), (at, isRestored) => {
      const ends = [...at.toSorted((a, b) => a - b), events.length];
      const found: Finding[] = [];
      let detector = factory.create(scope);
      let start = 0;
      for (const end of ends) {
        found.push(...detector.observe(events.slice(start, end)));
        start = end;
        if (isRestored.next().value) detector = factory.restore(scope, detector.snapshot());
      }
      expect(found).toEqual(expected.found);
      expect(Buffer.from(detector.snapshot()).equals(expected.state)).toBe(true);
    }),
    { numRuns: 25 },
  );
});

test('one event at a time', () => {
  const expected = unbroken();
  const detector = factory.create(scope);
  expect(events.flatMap((event) => detector.observe([event]))).toEqual(expected.found);
  expect(Buffer.from(detector.snapshot()).equals(expected.state)).toBe(true);
});
