import { type Event, eventSchema, eventTypes } from '@sdp/shared/contracts';
import { describe, expect, it } from 'vitest';
import { type GenerationOptions, generateEvents, type Truth } from '../../../src/events/generation/index.ts';
import { readEvent } from '../../../src/events/intake/read-events-rules.ts';

const minuteMs = 60_000;
const startMs = Date.UTC(2026, 4, 6, 7, 8, 9, 123);

interface Found {
  readonly rule: string;
  readonly group: string;
  readonly fromMs: number;
  readonly toMs: number;
}

const time = (event: Event) => Date.parse(event.at);

/** The built-in rules by brute force: what is within reach of each event is counted anew, all over the list. */
function findAll(events: readonly Event[]): Found[] {
  const found: Found[] = [];
  const one = (rule: string, event: Event) => found.push({ rule, group: '{}', fromMs: time(event), toMs: time(event) });
  const counted = (rule: string, field: string | undefined, of: readonly Event[], count: number, withinMs: number) => {
    const groups = Map.groupBy(of, (event) => (field === undefined ? '' : String(Reflect.get(event, field))));
    for (const [value, members] of groups) {
      let last: { fromMs: number; toMs: number } | undefined;
      for (const event of members) {
        const inReach = members.filter((each) => time(each) <= time(event) && time(each) >= time(event) - withinMs);
        if (inReach.length < count) last = undefined;
        else if (last !== undefined) last.toMs = time(event);
        else {
          last = { fromMs: time(inReach[0] as Event), toMs: time(event) };
          found.push(
            Object.assign(last, { rule, group: JSON.stringify(field === undefined ? {} : { [field]: value }) }),
          );
        }
      }
    }
  };
  const errors = events.filter((event) => event.type === 'log' && event.level === 'ERROR');
  counted('log-error-burst', undefined, errors, 20, 3 * minuteMs);
  counted('log-user-errors', 'user_id', errors, 5, 3 * minuteMs);
  const payments = events.filter(({ type }) => type === 'transaction');
  counted('transaction-user-burst', 'user_id', payments, 10, 5 * minuteMs);
  for (const event of events) {
    if (event.type === 'log' && /failed/i.test(event.message)) one('log-failed', event);
    if (event.type === 'transaction' && event.amount > 10_000) one('transaction-large', event);
    if (event.type !== 'metric') continue;
    const { cpu_percent: cpu = 0, latency_ms: latency = 0 } = event.metrics;
    if (latency > 1_000) one('metric-latency-high', event);
    if (latency > 1_000 && cpu >= 80) one('metric-cpu-and-latency', event);
  }
  for (const [host, samples] of Map.groupBy(
    events.filter((event) => event.type === 'metric'),
    ({ host }) => host,
  )) {
    let run: Event[] = [];
    for (const sample of samples) {
      run = (sample.metrics['cpu_percent'] ?? 0) >= 80 ? [...run, sample] : [];
      if (run.length < 3) continue;
      if (run.length > 3) found.pop();
      const group = JSON.stringify({ host });
      found.push({ rule: 'metric-cpu-high', group, fromMs: time(run[0] as Event), toMs: time(sample) });
    }
  }
  return found;
}

function make(options: Partial<GenerationOptions>): { events: Event[]; truth: Truth[]; planned: number } {
  const generation = generateEvents({
    ...{
      types: eventTypes,
      fromMs: startMs,
      toMs: startMs + 40 * minuteMs,
      eventsPerSecond: 3,
      seed: 1,
      anomalies: 24,
    },
    ...options,
  });
  const events = [...generation.events];
  return { events, truth: generation.truth(), planned: generation.planned.length };
}

const spans: readonly (readonly [string, Partial<GenerationOptions>])[] = [
  ['forty minutes', {}],
  ['three hours', { toMs: startMs + 180 * minuteMs, eventsPerSecond: 1, anomalies: 60 }],
  ['a minute at 200 a second', { toMs: startMs + minuteMs, eventsPerSecond: 200, anomalies: 16 }],
  ['five seconds', { toMs: startMs + 5_000, eventsPerSecond: 100, anomalies: 8 }],
  ['five minutes of logs', { types: ['log'], toMs: startMs + 5 * minuteMs, eventsPerSecond: 20, anomalies: 12 }],
  ['eight minutes of logs', { types: ['log'], toMs: startMs + 8 * minuteMs, eventsPerSecond: 20, anomalies: 12 }],
  ['transactions at 50 a second', { types: ['transaction'], toMs: startMs + 6 * minuteMs, eventsPerSecond: 50 }],
  ['metrics alone', { types: ['metric'], anomalies: 30 }],
  ['no anomalies', { anomalies: 0 }],
];

describe('generated events', () => {
  for (const [name, options] of spans) {
    it(`of ${name} have the anomalies of the truth and no other, by the rules themselves`, () => {
      for (const seed of [1, 2, 3]) {
        const { events, truth } = make({ ...options, seed });
        const found = findAll(events);
        // Each is found once, and of each finding is known what made it.
        const known = truth.map(({ rule, group, from, to }) => {
          const hits = found.filter(
            (each) =>
              each.rule === rule &&
              each.group === JSON.stringify(group) &&
              each.fromMs <= Date.parse(to) &&
              each.toMs >= Date.parse(from),
          );
          expect(hits.length, `${rule} of seed ${seed}`).toBeGreaterThan(0);
          return hits;
        });
        expect(new Set(known.flat()).size, `seed ${seed}`).toBe(found.length);
      }
    });
  }

  it('are as many as asked for, of all kinds, where there is time for them', () => {
    const { truth, planned } = make({ anomalies: 24 });
    expect(new Set(truth.map(({ rule }) => rule)).size).toBe(8);
    expect(truth.length).toBe(planned);
    // What is busy and slow counts twice.
    expect(truth.length).toBeGreaterThanOrEqual(24);
  });

  it('are the same for the same seed, and others for another seed or beginning', () => {
    const [one, again, other, later] = [make({}), make({}), make({ seed: 2 }), make({ fromMs: startMs + 1 })];
    expect(again).toEqual(one);
    const ids = ({ events }: { events: Event[] }) => events.map(({ event_id }) => event_id);
    expect(new Set([...ids(one), ...ids(other), ...ids(later)]).size).toBe(
      one.events.length + other.events.length + later.events.length,
    );
  });

  it('fit the contract and hold no personal data, come in order and at the rate asked for', () => {
    const { events } = make({ eventsPerSecond: 10 });
    let last = 0;
    for (const event of events) {
      expect(eventSchema.safeParse(event).success).toBe(true);
      expect(readEvent(event, Date.UTC(2030, 0))).toEqual({ event });
      expect(time(event)).toBeGreaterThanOrEqual(last);
      last = time(event);
    }
    expect(Math.abs(events.length / (40 * 60 * 10) - 1)).toBeLessThan(0.1);
  });

  it('come close to every rule that counts, without meeting it', () => {
    const { events, truth } = make({ anomalies: 24, eventsPerSecond: 1 });
    const injected = new Set(truth.flatMap(({ event_ids }) => event_ids));
    const rest = events.filter(({ event_id }) => !injected.has(event_id));
    const errors = rest.filter((event) => event.type === 'log' && event.level === 'ERROR').map(time);
    const most = Math.max(
      ...errors.map((at) => errors.filter((each) => each <= at && each > at - 3 * minuteMs).length),
    );
    expect(most).toBe(19);
    expect(rest.some((event) => event.type === 'transaction' && event.amount === 10_000)).toBe(true);
    expect(rest.some((event) => event.type === 'metric' && event.metrics['latency_ms'] === 1_000)).toBe(true);
  });
});
