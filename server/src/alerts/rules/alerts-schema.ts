import { hash } from 'node:crypto';
import { clientIdSchema } from '@sdp/shared/contracts';
import { z } from 'zod';
import { alertLevels } from './alert.ts';
import type { AlertsConfig, ChannelConfig, Route, SecretSource } from './alert-config.ts';
import { parseDuration } from './duration-rules.ts';
import type { Matcher } from './matcher-rules.ts';
import { type QuietHours, weekdays } from './quiet-hours-rules.ts';

const name = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, 'must be lower-case letters, digits and -, at most 63');
const tagName = z.string().regex(/^[^*\p{C}]{1,64}$/u, 'must have 1 to 64 characters');
const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'must be the name of an environment variable');
const path = z.string().min(1).max(4_096);
const level = z.enum(alertLevels, { error: `must be one of ${alertLevels.join(', ')}` });
const pattern = z.string().min(1).max(256);

/** One, or several of which one is enough. */
const someOf = <T extends z.ZodType>(item: T) =>
  z.union([item.transform((one) => [one]), z.array(item).min(1).max(100)], { error: 'must be one or a list of them' });

function duration(minMs: number, maxMs: number, bounds: string) {
  return z
    .union([z.string(), z.literal(0).transform(String)], { error: 'must be a time such as 30s or 5m' })
    .transform((text, context) => {
      const parsed = parseDuration(text);
      if (parsed !== undefined && parsed >= minMs && parsed <= maxMs) return parsed;
      context.addIssue({ code: 'custom', message: `must be a time such as 30s, 5m or 4h, ${bounds}` });
      return z.NEVER;
    });
}

const week = 604_800_000;
const matcher = z
  .strictObject({
    level: someOf(level).optional(),
    min_level: level.optional(),
    type: someOf(pattern).optional(),
    client: someOf(z.union([clientIdSchema, z.literal('*')])).optional(),
    tags: z.record(tagName, someOf(pattern)).optional(),
  })
  .transform(
    ({ level: levels, min_level: minLevel, type: types, client: clients, tags }): Matcher => ({
      ...{ levels, minLevel, types, clients, tags },
    }),
  );

const timeOfDay = z
  .string({ error: 'must be a time of day in quotes, such as "22:00"' })
  .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day in quotes, such as "22:00"')
  .transform((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3)));

const quietHours = z
  .strictObject({
    time_zone: z.string().max(64).refine(isTimeZone, 'must be a time zone such as Europe/Berlin'),
    from: timeOfDay,
    to: timeOfDay,
    days: z
      .array(z.enum(weekdays))
      .min(1)
      .default([...weekdays]),
    pass: z.array(level).default(['CRITICAL']),
  })
  .refine(({ from, to }) => from !== to, { path: ['to'], message: 'is the same as from' })
  .transform(
    ({ time_zone: timeZone, from, to, days, pass: passing }): QuietHours => ({ timeZone, from, to, days, passing }),
  );

/** What is the same for all channels, with the defaults of a kind. */
function base(defaults: { readonly sendsUpdates: boolean; readonly messages: number; readonly per: string }) {
  const { messages, per } = defaults;
  return {
    optional: z.boolean().default(false),
    rate_limit: z
      .strictObject({ messages: z.int().min(1).max(10_000), per: duration(1_000, 86_400_000, 'from 1s to 1d') })
      .default({ messages, per: parseDuration(per) ?? 60_000 }),
    max_in_flight: z.int().min(1).max(32).default(4),
    timeout: duration(100, 120_000, 'from 100ms to 2m').default(10_000),
    fallback: name.optional(),
    send_resolved: z.boolean().default(defaults.sendsUpdates),
  };
}
const secret = (field: string) => ({ [`${field}_env`]: variable.optional(), [`${field}_file`]: path.optional() });
const http = { allow_private_addresses: z.boolean().default(false) };

interface RawBase {
  readonly optional: boolean;
  readonly rate_limit: { readonly messages: number; readonly per: number };
  readonly max_in_flight: number;
  readonly timeout: number;
  readonly fallback?: string | undefined;
  readonly send_resolved: boolean;
}

const baseOf = (raw: RawBase) => ({
  name: '',
  isOptional: raw.optional,
  rateLimit: { messages: raw.rate_limit.messages, perMs: raw.rate_limit.per },
  maxInFlight: raw.max_in_flight,
  timeoutMs: raw.timeout,
  fallback: raw.fallback,
  sendsUpdates: raw.send_resolved,
});

/** @returns where a secret stands, once it is known that exactly one place is named */
function sourceOf(raw: object, field: string): SecretSource | undefined {
  const values = raw as Readonly<Record<string, string | undefined>>;
  const [named, file] = [values[`${field}_env`], values[`${field}_file`]];
  if (named !== undefined) return { variable: named };
  return file === undefined ? undefined : { file };
}

/** Of a secret exactly one source has to be given; of one that may be left out at most one. */
function oneSource(field: string, isNeeded = true) {
  return (raw: object, context: { addIssue(issue: { code: 'custom'; path?: string[]; message: string }): void }) => {
    const values = raw as Readonly<Record<string, unknown>>;
    const given = [`${field}_env`, `${field}_file`].filter((each) => values[each] !== undefined);
    if (given.length === 1 || (given.length === 0 && !isNeeded)) return;
    context.addIssue({
      code: 'custom',
      ...(given[1] !== undefined && { path: [given[1]] }),
      message: `needs ${isNeeded ? 'one' : 'at most one'} of ${field}_env and ${field}_file`,
    });
  };
}

const webhookLike = (type: 'discord' | 'slack', messages: number) =>
  z
    .strictObject({
      type: z.literal(type),
      ...secret('url'),
      ...http,
      ...base({ sendsUpdates: false, messages, per: '1m' }),
    })
    .superRefine(oneSource('url'));

const pagerDutyAddress = 'https://events.pagerduty.com/v2/enqueue';

const channel = z.discriminatedUnion(
  'type',
  [
    webhookLike('discord', 25),
    webhookLike('slack', 50),
    z
      .strictObject({
        type: z.literal('webhook'),
        ...secret('url'),
        ...secret('secret'),
        ...http,
        ...base({ sendsUpdates: true, messages: 600, per: '1m' }),
      })
      .superRefine(oneSource('url'))
      .superRefine(oneSource('secret')),
    z
      .strictObject({
        type: z.literal('pagerduty'),
        url: z.url({ protocol: /^https?$/, error: 'must be an address' }).default(pagerDutyAddress),
        ...secret('routing_key'),
        ...http,
        ...base({ sendsUpdates: true, messages: 60, per: '1m' }),
      })
      .superRefine(oneSource('routing_key')),
    z
      .strictObject({
        type: z.literal('email'),
        host: z.string().regex(/^[A-Za-z0-9._:-]{1,253}$/, 'must be the name of a host'),
        port: z.int().min(1).max(65_535).optional(),
        tls: z.enum(['starttls', 'implicit', 'none']).default('starttls'),
        ca_file: path.optional(),
        user: z.string().min(1).max(320).optional(),
        ...secret('password'),
        from: z.string().max(320).refine(isMailbox, 'must be an address such as alerts@example.com'),
        to: z.array(z.string().max(320).refine(isMailbox, 'must be an address such as ops@example.com')).min(1).max(50),
        ...base({ sendsUpdates: false, messages: 20, per: '1m' }),
      })
      .superRefine(oneSource('password', false))
      .superRefine((raw, context) => {
        const hasPassword = sourceOf(raw, 'password') !== undefined;
        if ((raw.user === undefined) === hasPassword) {
          context.addIssue({ code: 'custom', path: ['user'], message: 'user and a password are needed together' });
        }
        if (hasPassword && raw.tls === 'none') {
          context.addIssue({ code: 'custom', path: ['tls'], message: 'a password is not sent without TLS' });
        }
      }),
  ],
  { error: 'needs a type: discord, slack, email, pagerduty or webhook' },
);

const groupLabel = z.string().refine((text) => /^(?:type|level|kind|tag\.[^*\p{C}]{1,64})$/u.test(text), {
  message: 'must be type, level, kind or tag.NAME',
});

interface RawRoute {
  readonly match?: Matcher | undefined;
  readonly channels?: readonly string[] | undefined;
  readonly group_by?: readonly string[] | undefined;
  readonly group_wait?: number | undefined;
  readonly group_interval?: number | undefined;
  readonly repeat_interval?: number | 'never' | undefined;
  readonly quiet_hours?: QuietHours | 'none' | undefined;
  readonly continue?: boolean | undefined;
  readonly routes?: readonly RawRoute[] | undefined;
}

const route: z.ZodType<RawRoute> = z.lazy(() =>
  z.strictObject({
    match: matcher.optional(),
    channels: z.array(name).max(20).optional(),
    group_by: z.array(groupLabel).max(10).optional(),
    group_wait: duration(0, week, 'at most 1w').optional(),
    group_interval: duration(0, week, 'at most 1w').optional(),
    repeat_interval: z.union([z.literal('never'), duration(60_000, 4 * week, 'from 1m to 4w, or never')]).optional(),
    quiet_hours: z.union([quietHours, z.literal('none')], { error: 'is not valid' }).optional(),
    continue: z.boolean().optional(),
    routes: z.array(route).max(200).optional(),
  }),
);

/** `alerts.yml`. */
export const alertsFileSchema = z
  .strictObject({
    safe_tags: z.array(tagName).max(100).default([]),
    link: z
      .string()
      .max(500)
      .refine((text) => /^https?:\/\/\S+$/.test(text) && text.includes('{id}'), 'must be an address with {id} in it')
      .optional(),
    channels: z.record(name, channel).default({}),
    route,
  })
  .superRefine(({ channels, route: root }, context) => {
    const known = (text: string) => Object.hasOwn(channels, text);
    const issue = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message });
    for (const [own, { fallback }] of Object.entries(channels)) {
      if (fallback === undefined) continue;
      if (!known(fallback)) issue(['channels', own, 'fallback'], 'names no channel of this file');
      else if (comesBack(channels, own)) issue(['channels', own, 'fallback'], 'leads back to this channel');
    }
    if (root.match !== undefined) issue(['route', 'match'], 'the outermost route is for every alert');
    if (root.channels === undefined)
      issue(['route'], 'channels is missing: which are told of what no other route takes');
    const check = (each: RawRoute, place: (string | number)[]): void => {
      for (const [index, text] of (each.channels ?? []).entries()) {
        if (!known(text)) issue([...place, 'channels', index], 'names no channel of this file');
      }
      for (const [index, child] of (each.routes ?? []).entries()) check(child, [...place, 'routes', index]);
    };
    check(root, ['route']);
  })
  .transform(
    ({ safe_tags, link, channels, route: root }): AlertsConfig => ({
      safeTags: new Set(safe_tags),
      link,
      channels: Object.entries(channels).map(([own, raw]) => channelOf(own, raw)),
      route: routeOf('route', 'route', root, outermost),
    }),
  );

function channelOf(own: string, raw: z.output<typeof channel>): ChannelConfig {
  const common = { ...baseOf(raw), name: own };
  const source = (field: string) => sourceOf(raw, field) as SecretSource;
  if (raw.type === 'email') {
    const { host, tls, ca_file: caFile, user, from, to } = raw;
    const port = raw.port ?? (tls === 'implicit' ? 465 : 587);
    const password = sourceOf(raw, 'password');
    return { ...common, type: 'email', host, port, tls, caFile, user, password, from, to };
  }
  const web = { ...common, allowPrivateAddresses: raw.allow_private_addresses };
  if (raw.type === 'pagerduty') return { ...web, type: raw.type, url: raw.url, routingKey: source('routing_key') };
  if (raw.type === 'webhook') return { ...web, type: raw.type, url: source('url'), secret: source('secret') };
  return { ...web, type: raw.type, url: source('url') };
}

/** What a route has that says nothing, nor any above it: the defaults of Alertmanager. */
const outermost: Route = {
  ...{
    id: '',
    key: '',
    match: {},
    channels: [],
    groupBy: ['type'],
    continues: false,
    routes: [],
    quietHours: undefined,
  },
  ...{ groupWaitMs: 30_000, groupIntervalMs: 300_000, repeatIntervalMs: 4 * 3_600_000 },
};

function routeOf(id: string, key: string, raw: RawRoute, parent: Route): Route {
  const { repeat_interval: repeat, quiet_hours: quiet } = raw;
  const own: Route = {
    ...{ id, key },
    match: raw.match ?? {},
    channels: raw.channels ?? parent.channels,
    groupBy: raw.group_by ?? parent.groupBy,
    groupWaitMs: raw.group_wait ?? parent.groupWaitMs,
    groupIntervalMs: raw.group_interval ?? parent.groupIntervalMs,
    repeatIntervalMs: repeat === undefined ? parent.repeatIntervalMs : repeat === 'never' ? undefined : repeat,
    quietHours: quiet === undefined ? parent.quietHours : quiet === 'none' ? undefined : quiet,
    continues: raw.continue ?? false,
    routes: [],
  };
  const alike = new Map<string, number>();
  const routes = (raw.routes ?? []).map((child, index) => {
    const match = JSON.stringify(child.match ?? {});
    const before = alike.get(match) ?? 0;
    alike.set(match, before + 1);
    const childKey = `route:${hash('sha256', JSON.stringify([key, match, before]), 'hex').slice(0, 16)}`;
    return routeOf(`${id}.routes.${index}`, childKey, child, own);
  });
  return { ...own, routes };
}

function comesBack(channels: Readonly<Record<string, RawBase>>, start: string): boolean {
  let at = channels[start]?.fallback;
  for (let steps = Object.keys(channels).length; steps > 0 && at !== undefined; steps--) {
    if (at === start) return true;
    at = channels[at]?.fallback;
  }
  return false;
}

function isTimeZone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

/** An address alone or behind a name: `SDP <alerts@example.com>`. */
function isMailbox(text: string): boolean {
  return /^(?:[^<>\p{Cc}]{0,200}<[^\s<>@,;]+@[^\s<>@,;]+>|[^\s<>@,;]+@[^\s<>@,;]+)$/u.test(text);
}
