import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Alert, alertLevels, gravest } from '../../../src/alerts/rules/alert.ts';
import type { RateLimit, Route } from '../../../src/alerts/rules/alert-config.ts';
import { type DueGroup, freeSlots, planMessages } from '../../../src/alerts/rules/limit-rules.ts';
import { composeNotice } from '../../../src/alerts/rules/notice-rules.ts';
import { heldUntil } from '../../../src/alerts/rules/quiet-hours-rules.ts';
import { dueAt, targetsOf } from '../../../src/alerts/rules/routing-rules.ts';
import { type Silence, silenceOf } from '../../../src/alerts/rules/silence-rules.ts';
import { sampleAlert } from './sample-alert.ts';

const start = Date.parse('2026-03-01T10:00:00Z');
const minuteMs = 60_000;

const level = fc.constantFrom(...alertLevels);
const client = fc.constantFrom('acme', 'globex', 'initech');
const groups = fc.uniqueArray(
  fc.record({
    groupId: fc.uuid(),
    clientId: client,
    level,
    since: fc.integer({ min: 0, max: 1_000 }).map((ms) => new Date(start + ms)),
  }),
  { selector: ({ groupId }) => groupId, maxLength: 60 },
) as fc.Arbitrary<DueGroup[]>;

describe('messages of due groups', () => {
  it('have each group once at most, one client each, and are never more than there are places', () => {
    fc.assert(
      fc.property(groups, fc.integer({ min: 1, max: 80 }), (due, free) => {
        const planned = planMessages(due, free);
        expect(planned.length).toBeLessThanOrEqual(free);
        const told = planned.flatMap(({ groupIds }) => groupIds);
        expect(new Set(told).size).toBe(told.length);
        const clientOf = new Map(due.map(({ groupId, clientId }) => [groupId, clientId]));
        for (const { clientId, groupIds } of planned) {
          expect(groupIds.length).toBeGreaterThan(0);
          expect(new Set(groupIds.map((id) => clientOf.get(id)))).toEqual(new Set([clientId]));
        }
        const clients = new Set(due.map(({ clientId }) => clientId));
        if (clients.size <= free) expect(told.sort()).toEqual(due.map(({ groupId }) => groupId).sort());
        // No place stays empty while groups share one.
        if (planned.some(({ groupIds }) => groupIds.length > 1)) expect(planned.length).toBe(free);
      }),
    );
  });

  it('leave the gravest group alone where there is more than one place for its client', () => {
    fc.assert(
      fc.property(groups, fc.integer({ min: 4, max: 80 }), (due, free) => {
        fc.pre(due.length > 0);
        const top = gravest(due.map((each) => each.level));
        const alone = planMessages(due, free).filter(({ groupIds }) => groupIds.length === 1);
        const clients = new Set(due.map(({ clientId }) => clientId));
        fc.pre(free > clients.size);
        expect(alone.some(({ groupIds }) => due.find(({ groupId }) => groupId === groupIds[0])?.level === top)).toBe(
          true,
        );
      }),
    );
  });
});

describe('a limit', () => {
  it('holds in every window, whatever the times of asking', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.integer({ min: 1, max: 2_000 }), { minLength: 1, maxLength: 60 }),
        (messages, steps) => {
          const limit: RateLimit = { messages, perMs: 5_000 };
          const sent: Date[] = [];
          let now = start;
          for (const step of steps) {
            now += step;
            const { free, nextAt } = freeSlots(limit, sent, new Date(now));
            if (free > 0) sent.push(new Date(now));
            else expect(freeSlots(limit, sent, nextAt as Date).free).toBeGreaterThan(0);
          }
          for (const at of sent) {
            const within = sent.filter((other) => other >= at && other.getTime() < at.getTime() + limit.perMs);
            expect(within.length).toBeLessThanOrEqual(messages);
          }
        },
      ),
    );
  });
});

/** The rules put together as the worker does it, on a clock of their own and without a database. */
function simulate({ alerts, silences, limit, route }: Scenario) {
  type Waiting = { readonly alert: Alert; readonly group: string };
  const outcome = new Map<string, string[]>();
  const end = (alert: Alert, what: string) => outcome.set(alert.alertId, [...(outcome.get(alert.alertId) ?? []), what]);
  const waiting: Waiting[] = [];
  const due = new Map<string, Date>();
  const told = new Map<string, Date>();
  const sent: Date[] = [];
  const arrivals = [...alerts];
  const messages: number[] = [];
  for (let now = start; now < start + 24 * 60 * minuteMs; now += 30_000) {
    const at = new Date(now);
    while (arrivals[0] !== undefined && arrivals[0].at <= at) {
      const alert = arrivals.shift() as Alert;
      const targets = targetsOf(route, alert);
      expect(targets).toHaveLength(1);
      if (silenceOf(silences, alert, alert.at)) {
        end(alert, 'silenced');
        continue;
      }
      const group = JSON.stringify([alert.clientId, targets[0]?.labels]);
      waiting.push({ alert, group });
      const next = dueAt(route, at, told.get(group) ?? null);
      const known = due.get(group);
      if (known === undefined || next < known) due.set(group, next);
    }
    const { free } = freeSlots(limit, sent, at);
    if (free === 0) continue;
    const dueNow = [...due].filter(([, time]) => time <= at).map(([group]) => group);
    for (const { alert } of take(
      waiting,
      ({ alert, group }) => dueNow.includes(group) && !!silenceOf(silences, alert, at),
    )) {
      end(alert, 'silenced');
    }
    const sendable: DueGroup[] = [];
    for (const group of dueNow) {
      const all = waiting.filter((each) => each.group === group);
      const passing = all.filter(({ alert }) => heldUntil(route.quietHours, alert.level, at) === undefined);
      if (passing.length > 0) {
        const since = new Date(Math.min(...passing.map(({ alert }) => alert.at.getTime())));
        const clientId = (passing[0] as Waiting).alert.clientId;
        sendable.push({ groupId: group, clientId, since, level: gravest(passing.map(({ alert }) => alert.level)) });
      } else {
        const held = all.map(({ alert }) => heldUntil(route.quietHours, alert.level, at)).find((time) => time);
        if (held) due.set(group, held);
        else due.delete(group);
      }
    }
    for (const { groupIds } of planMessages(sendable, free)) {
      const members = take(
        waiting,
        ({ alert, group }) => groupIds.includes(group) && heldUntil(route.quietHours, alert.level, at) === undefined,
      );
      const counts = members.map(({ alert: { type, level: of } }) => ({ type, level: of, count: 1 }));
      const notice = composeNotice(
        { safeTags: new Set(), link: undefined },
        {
          ...{ kind: 'alerts', clientId: members[0]?.alert.clientId ?? '', counts, incident: 'x' },
          alerts: members.map(({ alert }) => alert),
        },
      );
      expect(notice.total).toBe(members.length);
      expect(Object.values(notice.levels).reduce((sum, count) => sum + count, 0)).toBe(members.length);
      expect(Object.values(notice.types).reduce((sum, count) => sum + count, 0)).toBe(members.length);
      messages.push(members.length);
      sent.push(at);
      for (const { alert } of members) end(alert, 'delivered');
      for (const group of groupIds) {
        told.set(group, at);
        if (waiting.some((each) => each.group === group)) due.set(group, new Date(now + route.groupIntervalMs));
        else due.delete(group);
      }
    }
  }
  return { outcome, left: waiting.length, messages };
}

function take<T>(from: T[], isWanted: (each: T) => boolean): T[] {
  const taken = from.filter(isWanted);
  const kept = from.filter((each) => !isWanted(each));
  from.splice(0, from.length, ...kept);
  return taken;
}

interface Scenario {
  readonly alerts: readonly Alert[];
  readonly silences: readonly Silence[];
  readonly limit: RateLimit;
  readonly route: Route;
}

const scenario: fc.Arbitrary<Scenario> = fc.record({
  alerts: fc
    .array(
      fc.record({
        clientId: client,
        level,
        type: fc.constantFrom('one', 'two', 'three', 'four', 'five'),
        at: fc.integer({ min: 0, max: 120 * minuteMs }).map((ms) => new Date(start + ms)),
      }),
      { minLength: 1, maxLength: 80 },
    )
    .map((given) =>
      given
        .sort((one, other) => one.at.getTime() - other.at.getTime())
        .map((each, index) => sampleAlert({ ...each, alertId: `alert-${index}` })),
    ),
  silences: fc.array(
    fc.record({
      silenceId: fc.uuid(),
      clientId: fc.constantFrom('*', 'acme'),
      matcher: fc.record({ types: fc.constantFrom(['one'], ['t*'], ['*']) }),
      startsAt: fc.integer({ min: -10, max: 60 }).map((minutes) => new Date(start + minutes * minuteMs)),
      endsAt: fc.integer({ min: 61, max: 130 }).map((minutes) => new Date(start + minutes * minuteMs)),
    }),
    { maxLength: 3 },
  ),
  limit: fc.record({ messages: fc.integer({ min: 3, max: 5 }), perMs: fc.constantFrom(minuteMs, 10 * minuteMs) }),
  route: fc.record({
    id: fc.constant('route'),
    key: fc.constant('route'),
    match: fc.constant({}),
    channels: fc.constant(['channel']),
    groupBy: fc.constantFrom(['type'], ['level', 'type'], []),
    groupWaitMs: fc.constantFrom(0, minuteMs),
    groupIntervalMs: fc.constantFrom(0, 5 * minuteMs),
    repeatIntervalMs: fc.constant(undefined),
    quietHours: fc.option(
      fc.record({
        timeZone: fc.constantFrom('UTC', 'Asia/Kolkata', 'America/New_York'),
        from: fc.integer({ min: 0, max: 719 }),
        to: fc.integer({ min: 720, max: 1_439 }),
        days: fc.constant(['sun', 'mon'] as const),
        passing: fc.constantFrom(['CRITICAL'] as const, [] as const),
      }),
      { nil: undefined },
    ),
    continues: fc.constant(false),
    routes: fc.constant([]),
  }),
});

describe('every alert', () => {
  it('ends as delivered or silenced, once, whatever groups, limits, silences and quiet hours do', () => {
    fc.assert(
      fc.property(scenario, (given) => {
        const { outcome, left } = simulate(given);
        expect(left).toBe(0);
        expect([...outcome.keys()].sort()).toEqual(given.alerts.map(({ alertId }) => alertId).sort());
        for (const ends of outcome.values()) expect(ends).toHaveLength(1);
      }),
      { numRuns: Number(process.env['SDP_ALERT_RUNS'] ?? 20) },
    );
  });
});
