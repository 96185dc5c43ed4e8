import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seriesDetectorFactory, seriesSettingsSchema } from '../../../src/anomaly/series/index.ts';
import type { Finding, StreamEvent } from '../../../src/detectors/index.ts';

const scope = { topic: 'metrics', partition: 0 };
const settings = seriesSettingsSchema.parse({});
const minuteMs = 60_000;
const startMs = Date.UTC(2026, 0, 5);

function sample(number: number, value: number, over: Partial<StreamEvent> = {}): StreamEvent {
  const atMs = startMs + number * 5 * minuteMs;
  return {
    clientId: 'shop',
    eventId: `m-${number}`,
    type: 'metric',
    atMs,
    receivedAtMs: atMs + 500,
    host: 'web-1',
    tags: {},
    metrics: { cpu_percent: value },
    place: { topic: 'metrics', partition: 0, offset: BigInt(number), index: 0 },
    ...over,
  };
}

/** Between −1 and 1, the same for the same number. */
function noise(number: number): number {
  const mixed = Math.imul(number + 1, 0x9e37_79b1) ^ (Math.imul(number + 7, 0x85eb_ca6b) >>> 13);
  return ((mixed >>> 0) / 2 ** 32) * 2 - 1;
}

function day(number: number): number {
  return 40 + 20 * Math.sin((2 * Math.PI * number) / 288) + noise(number);
}

describe('metrics of a host', () => {
  test('are quiet while they do what they always do', () => {
    const detector = seriesDetectorFactory(settings).create(scope);
    const events = Array.from({ length: 288 * 14 }, (_, number) => sample(number, day(number)));
    expect(detector.observe(events)).toEqual([]);
  });

  test('a spike is told of once, with what was expected', () => {
    const detector = seriesDetectorFactory(settings).create(scope);
    const before = Array.from({ length: 288 * 10 }, (_, number) => sample(number, day(number)));
    expect(detector.observe(before)).toEqual([]);
    const at = before.length;
    const [finding, ...others] = detector.observe([sample(at, 95), sample(at + 1, 96), sample(at + 2, day(at + 2))]);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      detector: 'series',
      clientId: 'shop',
      alertType: 'series-up',
      level: 'ERROR',
      title: 'cpu_percent on web-1 is unusually high',
      metrics: { cpu_percent: 95 },
      tags: { host: 'web-1' },
      dedupeKey: `series:cpu_percent:m-${at}`,
      evidence: { firstOffset: BigInt(at), lastOffset: BigInt(at), eventIds: [`m-${at}`], count: 1 },
    });
    const { expected, sigmas, season } = (finding as Finding).explanation as Record<string, number | string>;
    expect(Math.abs((expected as number) - day(at))).toBeLessThan(4);
    expect(sigmas).toBeGreaterThan(10);
    expect(['none', 'day']).toContain(season);
  });

  test('nothing is told of a series before a day of it is known', () => {
    const detector = seriesDetectorFactory(seriesSettingsSchema.parse({ learn_samples: 50 })).create(scope);
    const before = Array.from({ length: 200 }, (_, number) => sample(number, day(number)));
    expect(detector.observe([...before, sample(200, 9_999)])).toEqual([]);
  });

  test('a small surprise is noted, not alerted of', () => {
    const detector = seriesDetectorFactory(settings).create(scope);
    const flat = (number: number) => 50 + noise(number);
    detector.observe(Array.from({ length: 288 * 10 }, (_, number) => sample(number, flat(number))));
    const ahead = sample(2_880, 52.6, { atMs: startMs + 9e10 });
    const [finding] = detector.observe([ahead]);
    expect(finding?.at.getTime()).toBe(ahead.receivedAtMs);
    expect(finding).toMatchObject({ level: 'INFO', alertType: 'series-up' });
  });

  test('a value usual at noon is none at midnight', () => {
    const detector = seriesDetectorFactory(settings).create(scope);
    const square = (number: number) => (number % 288 < 144 ? 20 : 80) + noise(number);
    const before = Array.from({ length: 288 * 8 + 72 }, (_, number) => sample(number, square(number)));
    expect(detector.observe(before)).toEqual([]);
    const at = before.length;
    const [finding] = detector.observe([sample(at, 80)]);
    expect(finding?.explanation).toMatchObject({ season: 'day', kind: 'up' });
  });

  test('clocks ahead of the server and late samples teach nothing wrong', () => {
    const detector = seriesDetectorFactory(settings).create(scope);
    const events = Array.from({ length: 288 * 6 }, (_, number) => sample(number, day(number)));
    const ahead = sample(700, day(700), { eventId: 'ahead', atMs: startMs + 900 * 86_400_000 });
    const late = sample(701, 9_999, { eventId: 'late', atMs: startMs });
    const findings = detector.observe([...events.slice(0, 701), ahead, late, ...events.slice(701)]);
    expect(findings).toEqual([]);
  });

  test('series beyond the limit push out the one unseen for longest', () => {
    const small = seriesDetectorFactory(seriesSettingsSchema.parse({ max_series: 3 }));
    const detector = small.create(scope);
    for (const host of ['a', 'b', 'c', 'a', 'd', 'e']) detector.observe([sample(1, 1, { host })]);
    const kept = JSON.parse(Buffer.from(detector.snapshot()).toString()).series as [string, string, string][];
    expect(kept.map(([, key]) => JSON.parse(key)[0])).toEqual(['a', 'd', 'e']);
  });

  test('clients with equal hosts have series of their own', () => {
    const detector = seriesDetectorFactory(settings).create(scope);
    detector.observe([sample(1, 1), sample(2, 1, { clientId: 'bank' })]);
    expect(JSON.parse(Buffer.from(detector.snapshot()).toString()).series).toHaveLength(2);
  });
});

describe('snapshots', () => {
  const factory = seriesDetectorFactory(seriesSettingsSchema.parse({ learn_samples: 60, quiet_samples: 3 }));
  const stream = Array.from({ length: 1_500 }, (_, number) =>
    sample(number, number % 97 === 0 ? 500 * noise(number) : day(number), { host: `h${number % 3}` }),
  );
  const whole = factory.create(scope);
  const expected = whole.observe(stream);

  test('split anywhere and restored, a detector finds the same', () => {
    expect(expected.length).toBeGreaterThan(3);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: stream.length }), fc.integer({ min: 1, max: 400 }), (split, size) => {
        const first = factory.create(scope);
        const found = [...first.observe(stream.slice(0, split))];
        const second = factory.restore(scope, first.snapshot());
        for (let from = split; from < stream.length; from += size) {
          found.push(...second.observe(stream.slice(from, Math.min(from + size, stream.length))));
        }
        expect(found).toEqual(expected);
        expect(Buffer.from(second.snapshot()).equals(whole.snapshot())).toBe(true);
      }),
      {
        numRuns: 30,
        examples: [
          [0, 400],
          [100, 400],
          [300, 1],
        ],
      },
    );
  });

  test.each(['x', '{}', '{"series":[["c","k","AAAA"]]}', '{"series":[["c","k"]]}'])(
    'bytes that are no snapshot are refused: %s',
    (text) => {
      expect(() => factory.restore(scope, Buffer.from(text))).toThrow(
        expect.objectContaining({ code: 'record-tampered' }),
      );
    },
  );
});
