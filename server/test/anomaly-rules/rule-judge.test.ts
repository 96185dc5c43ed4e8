import { describe, expect, it } from 'vitest';
import {
  type CompiledRule,
  type Fact,
  factOf,
  RuleDetector,
  type RuleEvents,
  RuleJudge,
  type RuleSet,
} from '../../src/anomaly-rules/index.ts';
import type { StreamEvent } from '../../src/detectors/index.ts';
import { epochMs, ruleSetOf, silentEvents, streamEvent } from './stream-events.ts';

const minute = 60_000;
const place = { topic: 'logs', partition: 0 };

function observe(rules: RuleSet, events: readonly StreamEvent[], told: RuleEvents = silentEvents) {
  return new RuleDetector(rules, place, told).observe(events).findings;
}

function errors(times: readonly number[], more: Partial<StreamEvent> = {}): StreamEvent[] {
  return times.map((atMs) =>
    streamEvent({ type: 'log', level: 'ERROR', userId: 'tok_1', atMs: epochMs + atMs, ...more }),
  );
}

const burst = { form: 'threshold', where: { field: 'level', equals: 'ERROR' }, group_by: ['user_id'], within: '3m' };

describe('threshold', () => {
  const rules = ruleSetOf([{ ...burst, count: 3 }]);

  it('takes events exactly its time apart for those of two windows', () => {
    expect(observe(rules, errors([0, minute, 3 * minute]))).toEqual([]);
    expect(observe(rules, errors([0, minute, 3 * minute - 1]))).toHaveLength(1);
  });

  it('says which rule, which numbers and which events', () => {
    const [finding] = observe(rules, errors([0, minute, 2 * minute]));
    expect(finding).toMatchObject({
      detector: 'rule:r',
      clientId: 'acme',
      at: new Date(epochMs + 2 * minute),
      message: '3 events within 3 min, the limit is 3 for user_id tok_1',
      userId: 'tok_1',
      metrics: { count: 3, limit: 3 },
      explanation: { rule: 'r', form: 'threshold', within_seconds: 180, group: { user_id: 'tok_1' }, events: 3 },
      evidence: { topic: 'logs', partition: 0, count: 3 },
    });
  });

  it('gives the same key for the same events under other words and numbers, and another one for others', () => {
    const events = errors([0, minute, 2 * minute]);
    const keyOf = (set: RuleSet, given: readonly StreamEvent[]) => observe(set, given)[0]?.dedupeKey;
    const others = ruleSetOf([{ ...burst, count: 3, title: 'Other words', within: '4m', severity: 'CRITICAL' }]);
    expect(keyOf(others, events)).toBe(keyOf(rules, events));
    expect(keyOf(rules, errors([0, minute, 2 * minute]))).not.toBe(keyOf(rules, events));
  });

  it('keeps clients apart, and counts no event without a field of its grouping', () => {
    const other = { clientId: 'other' };
    expect(observe(rules, [...errors([0, 1]), ...errors([2], other)])).toEqual([]);
    const { userId: _, ...anonymous } = streamEvent({ type: 'log', level: 'ERROR', userId: 'x' });
    expect(
      observe(
        rules,
        [1, 2, 3].map((n) => ({ ...anonymous, eventId: `a${n}` })),
      ),
    ).toEqual([]);
  });

  it('counts what claims to be of the future as of when it came, and says so', () => {
    const ahead = errors([60 * minute], { receivedAtMs: epochMs + 2 * minute });
    const [finding] = observe(rules, [...errors([0, minute]), ...ahead]);
    expect(finding).toMatchObject({ at: new Date(epochMs + 2 * minute), explanation: { clock_ahead: true } });
    // It has not moved the window on, either.
    const after = [...errors([0]), ...ahead, ...errors([2 * minute + 1])];
    expect(observe(rules, after)).toHaveLength(1);
  });

  it('tells of what came too late to count', () => {
    const late: string[] = [];
    const told = { ...silentEvents, late: ({ id }: { id: string }) => late.push(id) };
    observe(rules, errors([0, 10 * minute, 5 * minute, 5 * minute - 1]), told);
    expect(late).toEqual(['r']);
  });
});

describe('single events', () => {
  it.each([
    [{ field: 'message', contains: 'failed' }, { message: 'login failed' }, true],
    [{ field: 'message', contains: 'failed' }, { message: 'login Failed' }, false],
    [{ field: 'message', contains: 'failed', ignore_case: true }, { message: 'login FAILED' }, true],
    [{ field: 'message', matches: '(?i)time[ -]?out$' }, { message: 'a Time-Out' }, true],
    [{ field: 'message', matches: '^out' }, { message: 'a time out' }, false],
    [{ field: 'level', in: ['ERROR', 'FATAL'] }, { level: 'FATAL' }, true],
    [{ field: 'level', not_in: ['ERROR', 'FATAL'] }, { level: 'FATAL' }, false],
    [{ field: 'attributes.status', at_least: 500 }, { attributes: { status: 500 } }, true],
    [{ field: 'attributes.status', above: 500 }, { attributes: { status: 500 } }, false],
    [{ field: 'attributes.status', above: 499, below: 600 }, { attributes: { status: 700 } }, false],
    [{ field: 'attributes.status', above: 1 }, { attributes: { status: '500' } }, false],
    [{ field: 'attributes.constructor', exists: true }, { attributes: {} }, false],
    [{ field: 'host', exists: false }, {}, true],
    [{ field: 'attributes.status', exists: false }, { attributes: { status: null } }, true],
    [{ not: { field: 'host', equals: 'a' } }, {}, true],
    [{ field: 'host', not_equals: 'a' }, {}, false],
    [
      {
        any: [
          { field: 'host', equals: 'a' },
          { field: 'source', equals: 'b' },
        ],
      },
      { source: 'b' },
      true,
    ],
    [
      {
        all: [
          { field: 'host', equals: 'a' },
          { field: 'source', equals: 'b' },
        ],
      },
      { source: 'b' },
      false,
    ],
  ])('%j of %j', (where, event, isMet) => {
    expect(observe(ruleSetOf([{ form: 'pattern', where }]), [streamEvent({ type: 'log', ...event })])).toHaveLength(
      isMet ? 1 : 0,
    );
  });

  it('judges several conditions on one event, and holds its cooldown', () => {
    const both = {
      form: 'all',
      events: 'metric',
      conditions: [
        { field: 'metrics.cpu', at_least: 80 },
        { field: 'metrics.latency', above: 1_000 },
      ],
    };
    const sample = (cpu: number, latency: number, atMs = 0) =>
      streamEvent({ type: 'metric', host: 'h', metrics: { cpu, latency }, atMs: epochMs + atMs });
    const [finding, ...more] = observe(ruleSetOf([both]), [sample(90, 10), sample(70, 2_000), sample(80, 1_001)]);
    expect(more).toEqual([]);
    expect(finding).toMatchObject({ metrics: { 'metrics.cpu': 80, 'metrics.latency': 1_001 }, tags: { host: 'h' } });
    const rare = ruleSetOf([{ ...both, cooldown: '1m', group_by: ['host'] }]);
    const times = [0, minute - 1, minute, minute + 1];
    expect(
      observe(
        rare,
        times.map((atMs) => sample(90, 2_000, atMs)),
      ).map(({ at }) => at.getTime() - epochMs),
    ).toEqual([0, minute]);
  });

  it('names no free text by which events are grouped', () => {
    const secret = 'jane at the desk';
    const rule = { form: 'pattern', where: { field: 'message', contains: 'x' }, group_by: ['attributes.note'] };
    const found = observe(ruleSetOf([rule]), [
      streamEvent({ type: 'log', message: `x ${secret}`, attributes: { note: secret } }),
    ]);
    expect(found).toHaveLength(1);
    expect(JSON.stringify(found, (_, value) => (typeof value === 'bigint' ? `${value}` : value))).not.toContain(secret);
  });
});

describe('absence', () => {
  const rules = ruleSetOf([{ form: 'absence', events: 'metric', group_by: ['host'], within: '1m' }]);
  const sample = (host: string, atMs: number) =>
    streamEvent({ type: 'metric', host, metrics: { up: 1 }, atMs: epochMs + atMs, eventId: `${host}@${atMs}` });

  it('tells once of a group that went silent, and again when it has come back and gone', () => {
    const detector = new RuleDetector(rules, place, silentEvents);
    const seen = [0, 60_000, 66_000, 120_000, 130_000, 200_000].map((atMs) => sample('b', atMs));
    const findings = detector.observe([sample('a', 0), ...seen, sample('a', 210_000), sample('b', 300_000)]).findings;
    expect(findings.map(({ tags, at }) => `${tags['host']} ${at.getTime() - epochMs}`)).toEqual([
      'a 60000',
      'b 190000',
      'b 260000',
      'a 270000',
    ]);
  });

  it('has the same key whether the next event or the clock told of it', () => {
    const byClock = new RuleDetector(rules, place, silentEvents);
    const last = sample('a', 0);
    byClock.observe([last]);
    expect(byClock.advance(epochMs + 65_000)).toEqual([]);
    const [told] = byClock.advance(epochMs + 65_001);
    const byEvent = observe(rules, [last, sample('b', 70_000)]);
    expect(byEvent).toEqual([told]);
    expect(byClock.advance(epochMs + 500_000)).toEqual([]);
  });
});

describe('bounds', () => {
  it('forgets who has gone longest without an event, and says so', () => {
    const rules = ruleSetOf([{ ...burst, count: 2 }], { limits: { groups: 100 } });
    const forgotten: string[] = [];
    const detector = new RuleDetector(rules, place, { ...silentEvents, overloaded: (_, what) => forgotten.push(what) });
    for (let user = 0; user < 150; user += 1) detector.observe(errors([user], { userId: `u${user}` }));
    expect(detector.groups).toBe(100);
    expect(forgotten).toEqual(Array.from({ length: 50 }, () => 'group'));
    expect(detector.observe(errors([200], { userId: 'u0' })).findings).toEqual([]);
    expect(detector.observe(errors([200], { userId: 'u149' })).findings).toHaveLength(1);
  });

  it('keeps so many events of a group, tells of more, and goes on finding', () => {
    const rules = ruleSetOf([{ ...burst, count: 50, cooldown: '1m' }], { limits: { events: 10_000 } });
    let cut = 0;
    const detector = new RuleDetector(rules, place, { ...silentEvents, overloaded: () => (cut += 1) });
    const found = Array.from({ length: 12_000 }, (_, i) => detector.observe(errors([i * 10])).findings).flat();
    expect(detector.kept).toBe(10_000);
    expect(cut).toBe(2_000);
    expect(found.map(({ at }) => at.getTime() - epochMs)).toEqual([490, 60_490]);
  });

  it('forgets groups of which nothing counts any more', () => {
    const rules = ruleSetOf([{ ...burst, count: 2 }]);
    const detector = new RuleDetector(rules, place, silentEvents);
    for (let user = 0; user < 1_000; user += 1) detector.observe(errors([user * 10_000], { userId: `u${user}` }));
    // Three minutes of window, three of cooldown, five of lateness.
    expect(detector.groups).toBe(67);
    expect(detector.kept).toBe(67);
  });
});

describe('other rules', () => {
  const rule = { ...burst, count: 3 };
  it.each([
    ['keeps windows of a rule that was left as it was', { ...rule, title: 'Other words', severity: 'INFO' }, 1],
    ['begins anew with a rule that counts otherwise', { ...rule, within: '4m' }, 0],
  ])('%s', (_, other, found) => {
    const detector = new RuleDetector(ruleSetOf([rule]), place, silentEvents);
    detector.observe(errors([0, 1]));
    detector.use(ruleSetOf([other, { ...rule, id: 'new' }]));
    expect(detector.observe(errors([2])).findings).toHaveLength(found);
  });

  it('leaves out of a snapshot what is of another rule, and refuses what is damaged', () => {
    const before = ruleSetOf([rule]);
    const detector = new RuleDetector(before, place, silentEvents);
    detector.observe(errors([0, 1]));
    const bytes = detector.snapshot();
    const restored = (rules: RuleSet) =>
      new RuleDetector(rules, place, silentEvents, bytes).observe(errors([2])).findings;
    expect(restored(before)).toHaveLength(1);
    expect(restored(ruleSetOf([{ ...rule, count: 2 }]))).toEqual([]);
    for (const size of [0, 10, bytes.length - 1]) {
      expect(() => new RuleDetector(before, place, silentEvents, bytes.subarray(0, size))).toThrow('damaged');
    }
  });
});

describe('events from partitions that are not equally far', () => {
  const rules = ruleSetOf([{ form: 'threshold', where: { field: 'level', equals: 'ERROR' }, count: 3, within: '3m' }]);
  const partition = (log: string[]) => {
    const [rule] = rules.rules as [CompiledRule];
    const judge = new RuleJudge({
      ...{ rules: [rule], latenessMs: 65 * minute, sureLatenessMs: 5 * minute },
      limits: { ...rules.limits, eventsPerGroup: 100 },
      events: { late: () => void log.push('late'), overloaded: () => void log.push('overloaded') },
    });
    return (events: readonly StreamEvent[]) =>
      events.flatMap((event) => judge.judge(factOf(rule, event, 0) as Fact) ?? []);
  };

  it('are counted where they belong, though others are an hour ahead', () => {
    const log: string[] = [];
    const judge = partition(log);
    expect(judge(errors([0, 1, 60 * minute]))).toEqual([]);
    expect(judge(errors([2])).map(({ count }) => count)).toEqual([3]);
    expect(log).toEqual([]);
  });

  it('give way where there is no room for them, without being called an overload', () => {
    const log: string[] = [];
    const judge = partition(log);
    judge(errors(Array.from({ length: 150 }, (_, i) => i * 10_000)));
    expect(log).toEqual([]);
    judge(errors([0]));
    expect(log).toEqual(['late']);
    judge(errors(Array.from({ length: 150 }, (_, i) => 1_500_000 + i)));
    expect(log.filter((line) => line === 'overloaded').length).toBeGreaterThan(0);
  });
});
