import { describe, expect, test } from 'vitest';
import { forestDetectorFactory, forestSettingsSchema } from '../../../src/anomaly/index.ts';
import type { Finding, StreamEvent } from '../../../src/detectors/index.ts';
import { samples, transactions } from './forest-stream.ts';

const scope = { topic: 'transactions', partition: 3 };
const settingsOf = (given: object = {}) => forestSettingsSchema.parse(given);

function watch(events: readonly StreamEvent[], given: object = {}): readonly Finding[] {
  return forestDetectorFactory(settingsOf(given)).create(scope).observe(events);
}

const changed = (events: readonly StreamEvent[], at: number, change: Partial<StreamEvent>) =>
  events.map((event, index) => (index === at ? { ...event, ...change } : event));
const idsOf = (findings: readonly Finding[]) => findings.flatMap(({ evidence }) => evidence.eventIds);

describe('transactions', () => {
  const usual = transactions(6_000);

  test('hardly any of the usual ones is found', () => {
    expect(watch(usual).length).toBeLessThanOrEqual(3);
  });

  test.each<[string, Partial<StreamEvent>, string]>([
    ['a huge amount', { amount: 48_000 }, 'amount'],
    [
      'a country that hardly ever occurs, with a shop that does not',
      { country: 'KP', merchant: 'pop-up', category: 'other', amount: 900 },
      'country_rarity',
    ],
    ['an amount far from the user’s own', { userId: 'tok_7', amount: 2_900 }, 'amount'],
  ])('%s is found, and put down to what it is', (_, change, name) => {
    const findings = watch(changed(usual, 5_000, change));
    const finding = findings.find(({ evidence }) => evidence.eventIds[0] === 'e5000');
    expect(finding).toMatchObject({ detector: 'forest', alertType: 'forest-transaction', level: 'WARNING' });
    const features = finding?.explanation['features'] as { name: string; quantile: number; direction: string }[];
    const named = features.find((feature) => feature.name.startsWith(name));
    expect(named?.direction).toBe('high');
    expect(named?.quantile).toBeGreaterThan(0.99);
  });

  test('a finding names the forest and its window, and no value', () => {
    const [amount, merchant] = [48_211.77, 'pop-up-shop-9'];
    const events = changed(usual, 5_000, { amount, merchant, country: 'KP' });
    const [finding] = watch(events).filter(({ evidence }) => evidence.eventIds[0] === 'e5000');
    expect(finding).toMatchObject({
      detectorVersion: expect.stringMatching(/^1\/forest-\d+$/),
      userId: usual[5_000]?.userId,
      evidence: { topic: 'transactions', partition: 3, firstOffset: 50n, lastOffset: 50n, count: 1 },
      explanation: {
        forest: expect.any(Number),
        trained_from: '2026-11-20T06:00:00.020Z',
        trained_rows: expect.any(Number),
      },
      dedupeKey: 'forest:transaction:e5000',
    });
    expect(finding?.metrics['score']).toBeGreaterThan(0.5);
    const said = JSON.stringify(finding, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
    for (const raw of ['48211', '48,211', merchant, 'KP']) expect(said).not.toContain(raw);
  });

  test('nothing is found before the first forest stands', () => {
    expect(watch(changed(usual, 900, { amount: 48_000 }).slice(0, 1_200))).toEqual([]);
  });

  test('one user is not told of again and again', () => {
    const odd = usual.map((event, index) =>
      index >= 5_000 && index < 5_020 ? { ...event, userId: 'tok_5', currency: 'EUR', amount: 48_000 } : event,
    );
    const ofOdd = (given: object) => idsOf(watch(odd, given)).filter((id) => /^e50[01]\d$/.test(id)).length;
    expect(ofOdd({})).toBe(1);
    expect(ofOdd({ quiet_minutes: 0 })).toBeGreaterThan(10);
  });

  test('clients and currencies are judged by their own', () => {
    // An amount that is usual of acme’s, of a client whose amounts are a thousandth of them.
    const other = transactions(6_000, 2).map((event) => ({
      ...event,
      clientId: 'other',
      eventId: `o${event.eventId}`,
      amount: (event.amount ?? 0) / 1_000,
    }));
    const odd = changed(other, 5_000, { amount: 40 });
    const both = usual.flatMap((event, index) => [event, odd[index] as StreamEvent]);
    const found = watch(both);
    expect(idsOf(found)).toContain('oe5000');
    expect(
      found.filter(({ clientId }) => clientId === 'other').map(({ evidence }) => evidence.eventIds[0]),
    ).not.toContain('e5000');
  });
});

describe('samples of metrics', () => {
  const usual = samples(6_000);

  test('hardly any of the usual ones is found', () => {
    expect(watch(usual).length).toBeLessThanOrEqual(3);
  });

  test('values that are usual of another host are found', () => {
    // web-0 lies at 10 to 25 %, web-9 at 46 to 61.
    const metrics = { cpu_percent: 55, latency_ms: 70 };
    const [finding] = watch(changed(usual, 5_000, { metrics })).filter(
      ({ evidence }) => evidence.eventIds[0] === 'e5000',
    );
    expect(finding).toMatchObject({
      alertType: 'forest-metric',
      tags: { host: 'web-0' },
      groupKey: 'forest:metric:web-0',
    });
    const features = finding?.explanation['features'] as { name: string }[];
    expect(features[0]?.name).toBe('cpu_percent_to_usual_of_host');
  });

  test('the order in which metrics are named makes no difference', () => {
    const turned = usual.map((event) => ({
      ...event,
      metrics: Object.fromEntries(Object.entries(event.metrics ?? {}).reverse()),
    }));
    const mixed = usual.map((event, index) => (index % 2 ? (turned[index] as StreamEvent) : event));
    expect(watch(mixed, { quiet_minutes: 0, false_alarm_rate: 0.01 })).toEqual(
      watch(usual, { quiet_minutes: 0, false_alarm_rate: 0.01 }),
    );
  });
});

test('a forest is grown anew as the window moves on, and its number says so', () => {
  // The level shifts for good: it is found at first, and usual later.
  const events = samples(30_000).map((event, index) =>
    index < 8_000
      ? event
      : { ...event, metrics: { ...event.metrics, cpu_percent: (event.metrics?.['cpu_percent'] ?? 0) + 300 } },
  );
  const found = watch(events, { retrain_minutes: 0, quiet_minutes: 0 });
  const early = found.filter(({ evidence }) => Number(evidence.eventIds[0]?.slice(1)) < 9_000);
  const late = found.filter(({ evidence }) => Number(evidence.eventIds[0]?.slice(1)) >= 27_000);
  expect(early.length).toBeGreaterThan(100);
  expect(late.length).toBeLessThan(10);
  const numbers = found.map(({ explanation }) => Number(explanation['forest']));
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  expect(new Set(numbers).size).toBeGreaterThan(1);
});

test('groups that are too many go, the one unused for longest first, and memory stays bounded', () => {
  const events = Array.from({ length: 40 }, (_, client) =>
    transactions(60, client).map((event) => ({ ...event, clientId: `c${client}`, currency: 'EUR' })),
  ).flat();
  const detector = forestDetectorFactory(settingsOf({ max_groups: 4 })).create(scope);
  detector.observe(events.slice(0, 60 * 8));
  const sizeOf8 = detector.snapshot().length;
  detector.observe(events.slice(60 * 8));
  expect(detector.snapshot().length).toBeLessThan(1.2 * sizeOf8);
});

test.each([
  ['cut off', (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 3)],
  ['with something behind it', (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.from([1])])],
  ['of another kind', () => Buffer.from('{"series":[]}')],
  ['empty', () => new Uint8Array()],
])('a snapshot %s is refused', (_, spoil) => {
  const factory = forestDetectorFactory(settingsOf());
  const detector = factory.create(scope);
  detector.observe(transactions(1_700));
  const bytes = spoil(Uint8Array.from(detector.snapshot()));
  expect(() => factory.restore(scope, bytes)).toThrow(expect.objectContaining({ code: 'record-tampered' }));
});

describe('alerts', () => {
  // Once the first forest stands, and no other takes its place, every hundredth payment is odd.
  const odd = (events: readonly StreamEvent[]) =>
    events.map((event, index) =>
      index > 2_000 && index % 100 === 99
        ? { ...event, userId: `tok_odd${index}`, currency: 'EUR', amount: 48_000 + index }
        : event,
    );
  const events = odd(transactions(8_000)).map((event) => ({ ...event, currency: 'EUR' }));
  const startMs = events[0]?.atMs ?? 0;

  test('nobody is alerted while a group is new: what is found is noted', () => {
    const findings = watch(events, { learn_minutes: 50, alerts_per_hour: 1_000, retrain_events: 100_000 });
    const levels = (isNew: boolean) =>
      new Set(findings.filter(({ at }) => at.getTime() - startMs < 50 * 60_000 === isNew).map(({ level }) => level));
    expect(levels(true)).toEqual(new Set(['INFO']));
    expect(levels(false)).toEqual(new Set(['WARNING']));
    for (const { level, explanation } of findings) expect(explanation['is_learning']).toBe(level === 'INFO');
  });

  test('are so many in an hour; the others are noted, and the next alert says how many', () => {
    const findings = watch(events, { learn_minutes: 0, alerts_per_hour: 3, retrain_events: 100_000 });
    const hours = Map.groupBy(findings, ({ at }) => Math.floor((at.getTime() + 20) / 3_600_000));
    expect(hours.size).toBe(2);
    for (const [, ofHour] of hours) {
      const noted = ofHour.filter(({ level }) => level === 'INFO');
      expect(ofHour.length - noted.length).toBe(3);
      expect(ofHour.slice(3)).toEqual(noted);
    }
    const [first = [], second = []] = [...hours.values()];
    expect(second[0]?.explanation['not_told']).toBe(first.length - 3);
    expect(second[1]?.explanation['not_told']).toBe(0);
  });
});
