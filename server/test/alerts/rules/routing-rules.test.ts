import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Alert } from '../../../src/alerts/rules/alert.ts';
import { alertsFileSchema } from '../../../src/alerts/rules/alerts-schema.ts';
import { matches } from '../../../src/alerts/rules/matcher-rules.ts';
import { dueAt, targetsOf } from '../../../src/alerts/rules/routing-rules.ts';
import { sampleAlert } from './sample-alert.ts';

const channels = ['a', 'b', 'c', 'd'].map((name) => `  ${name}: { type: discord, url_env: X }`).join('\n');
const tree = (route: string) => alertsFileSchema.parse(parse(`channels:\n${channels}\nroute:\n${route}`)).route;
const to = (route: string, alert: Partial<Alert> = {}) => targetsOf(tree(route), sampleAlert(alert));
const names = (route: string, alert: Partial<Alert> = {}) => to(route, alert).map(({ channel }) => channel);

const nested = `
  channels: [a]
  routes:
    - match: { min_level: ERROR }
      channels: [b]
      routes:
        - match: { tags: { environment: [prod, staging] } }
          channels: [c]
    - match: { type: "cpu_*" }
      channels: [d]
      continue: true
    - match: { client: globex }
      channels: [b]
`;

describe('routes', () => {
  it.each([
    [{}, ['a']],
    [{ level: 'ERROR', tags: {} }, ['b']],
    [{ level: 'CRITICAL' }, ['c']],
    [{ type: 'cpu_sustained' }, ['d']],
    [{ type: 'cpu_sustained', clientId: 'globex' }, ['d', 'b']],
    [{ type: 'cpu_sustained', clientId: 'globex', level: 'ERROR' }, ['c']],
    [{ type: 'my_cpu_' }, ['a']],
  ] as const)('take the most specific, in order: %j', (alert, expected) => {
    expect(names(nested, alert as Partial<Alert>)).toEqual(expected);
  });

  it('name a channel once, under the first of its routes', () => {
    const route = `
  channels: [a]
  routes:
    - { match: { min_level: WARNING }, continue: true, group_by: [level] }
    - { match: { type: latency_high }, group_by: [type] }`;
    expect(to(route).map(({ route: { id }, labels }) => [id, labels])).toEqual([
      ['route.routes.0', [['level', 'WARNING']]],
    ]);
  });

  it('inherit what they do not say', () => {
    const { routes } = tree(`
  channels: [a]
  group_wait: 5s
  repeat_interval: never
  quiet_hours: { time_zone: UTC, from: "22:00", to: "06:00" }
  routes:
    - { match: { level: INFO }, quiet_hours: none, group_interval: 1h }`);
    expect(routes[0]).toMatchObject({ channels: ['a'], groupWaitMs: 5_000, groupIntervalMs: 3_600_000 });
    expect([routes[0]?.repeatIntervalMs, routes[0]?.quietHours]).toEqual([undefined, undefined]);
  });

  it('make a group of a tag that is not there too', () => {
    const [target] = to('  channels: [a]\n  group_by: [tag.rack, kind]');
    expect(target?.labels).toEqual([
      ['tag.rack', ''],
      ['kind', 'anomaly'],
    ]);
  });
});

describe('a matcher', () => {
  it.each([
    ['*', 'anything', true],
    ['a*', 'a', true],
    ['*b', 'ab', true],
    ['a*a', 'a', false],
    ['a*b*c', 'a-b-c', true],
    ['a*bc*c', 'abc', false],
    ['a*b*b', 'ab', false],
    ['.*', 'x', false],
    ['**', '', true],
  ])('%s against %s: %s', (pattern, type, expected) => {
    expect(matches({ types: [pattern] }, sampleAlert({ type }))).toBe(expected);
  });

  it('asks for tags that are there by themselves, not by a prototype', () => {
    expect(matches({ tags: { constructor: ['*'] } }, sampleAlert())).toBe(false);
    expect(matches({ tags: { host: ['*'] } }, sampleAlert({ tags: {} }))).toBe(false);
  });
});

describe('a group is due', () => {
  const now = new Date('2026-03-01T10:00:00Z');
  const waits = { groupWaitMs: 30_000, groupIntervalMs: 300_000 };
  it.each([
    [null, '10:00:30'],
    ['09:00:00', '10:00:30'],
    ['09:59:00', '10:04:00'],
  ])('told at %s: at %s', (told, expected) => {
    const at = dueAt(waits, now, told === null ? null : new Date(`2026-03-01T${told}Z`));
    expect(at.toISOString()).toBe(`2026-03-01T${expected}.000Z`);
  });
});
