import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Alerting, drawShortDelays, handle, openAlerting, outcomes, settled, until } from './alerting.ts';
import { type Receiver, startReceiver } from './receivers.ts';

let alerting: Alerting;
let discord: Receiver;
beforeAll(async () => {
  alerting = await openAlerting();
});
afterAll(() => alerting.close());
beforeEach(async () => {
  drawShortDelays();
  drawShortDelays();
  discord = await startReceiver();
});
afterEach(async () => {
  await alerting.stop();
  await alerting.clear();
  await discord.close();
  alerting.log.length = 0;
});

const channel = (extra = '') => `
channels:
  discord: { type: discord, url_env: HOOK, allow_private_addresses: true${extra} }
safe_tags: [host]
`;
const at = (waits = 'group_wait: 0s, group_interval: 0s') => `route: { channels: [discord], ${waits} }`;
const secrets = () => ({ HOOK: `${discord.url}/api/webhooks/1/secret-token` });
const delivered = () => discord.received.filter(({ status }) => status >= 200 && status < 300);
const ids = (requests = discord.received) => requests.map(({ headers }) => headers['idempotency-key']);

describe('an alert', () => {
  it('reaches Discord and is written down as delivered', async () => {
    alerting.start(channel() + at(), secrets());
    const id = await alerting.raise({ level: 'CRITICAL' });
    await settled(alerting.pool);
    expect(await outcomes(alerting.pool)).toEqual({ [id]: ['discord:DELIVERED'] });
    expect(discord.received).toHaveLength(1);
    const body = discord.received[0]?.body;
    expect(body?.embeds[0].title).toBe('CRITICAL: Latency is high');
    expect(body?.embeds[0].description).toContain('latency\\_ms: 1,532.5');
    expect(body?.allowed_mentions).toEqual({ parse: [] });
    expect(await alerting.registry.metrics()).toContain('sdp_alerts_total{channel="discord",outcome="delivered"} 1');
  });

  it('that follows in its group waits for the interval, and goes out with the others that came meanwhile', async () => {
    alerting.start(channel() + at('group_wait: 0s, group_interval: 700ms'), secrets());
    await alerting.raise({ title: 'first' });
    await until(() => discord.received.length === 1);
    for (let n = 0; n < 5; n++) await alerting.raise({ title: `later ${n}` });
    await settled(alerting.pool);
    expect(discord.received).toHaveLength(2);
    expect(discord.received[1]?.body.embeds[0].title).toContain('5 alerts');
    expect(Object.values(await outcomes(alerting.pool)).flat()).toEqual(Array(6).fill('discord:DELIVERED'));
  });

  it('is sent again after 5xx, a cut connection and silence, under the same id, until it arrives', async () => {
    const answers = [{ status: 500 }, 'reset', { status: 503 }, 'hang'] as const;
    discord.answer = (_path, index) => answers[index] ?? { status: 204 };
    alerting.start(channel(', timeout: 300ms') + at(), secrets());
    const id = await alerting.raise();
    await settled(alerting.pool);
    expect(discord.received.map(({ status }) => status)).toEqual([500, 0, 503, 0, 204]);
    expect(new Set(ids()).size).toBe(1);
    expect(new Set(discord.received.map(({ text }) => text)).size).toBe(1);
    expect(await outcomes(alerting.pool)).toEqual({ [id]: ['discord:DELIVERED'] });
    expect(alerting.log.join('')).not.toMatch(/secret-token/);
  });

  it('is not sent before the time that Discord asks for, nor is any other', async () => {
    discord.answer = (_path, index) =>
      index === 0
        ? { status: 429, headers: { 'retry-after': '1' }, body: { message: 'slow', retry_after: 1.2, global: false } }
        : { status: 204 };
    alerting.start(channel() + at(), secrets());
    await alerting.raise({ type: 'one' });
    // Once the answer is taken in: what is under way by then may go out.
    await until(async () => {
      const { rows } = await alerting.pool.query(
        'SELECT blocked_until FROM alert_channel WHERE blocked_until IS NOT NULL',
      );
      return rows.length === 1;
    });
    await alerting.raise({ type: 'two' });
    await settled(alerting.pool);
    const [first, ...later] = discord.received;
    expect(delivered().length).toBeGreaterThanOrEqual(1);
    for (const { at: time } of later) expect(time - (first?.at ?? 0)).toBeGreaterThanOrEqual(1_150);
    expect(Object.values(await outcomes(alerting.pool)).flat()).toEqual(['discord:DELIVERED', 'discord:DELIVERED']);
  });

  it('waits where Discord says that its limit is used up', async () => {
    discord.answer = (_path, index) => ({
      status: 204,
      headers: index === 0 ? { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset-after': '0.8' } : {},
    });
    alerting.start(channel() + at(), secrets());
    await alerting.raise({ type: 'one' });
    await until(() => discord.received.length === 1);
    await alerting.raise({ type: 'two' });
    await settled(alerting.pool);
    expect((discord.received[1]?.at ?? 0) - (discord.received[0]?.at ?? 0)).toBeGreaterThanOrEqual(750);
  });

  it('that is refused for good fails with the reason, and goes to the fallback', async () => {
    discord.answer = (path) => ({ status: path.includes('secret-token') ? 404 : 204 });
    const file = `
channels:
  discord: { type: discord, url_env: HOOK, allow_private_addresses: true, fallback: other }
  other: { type: slack, url_env: OTHER, allow_private_addresses: true }
${at()}`;
    alerting.start(file, { ...secrets(), OTHER: `${discord.url}/other` });
    const id = await alerting.raise();
    await settled(alerting.pool);
    expect(await outcomes(alerting.pool)).toEqual({ [id]: ['discord:FAILED', 'other:DELIVERED'] });
    const [refused, told] = discord.received;
    expect([refused?.status, told?.path]).toEqual([404, '/other']);
    expect(told?.text).toContain('The channel discord did not take this: http-404');
    const { rows } = await alerting.pool.query("SELECT reason FROM alert_delivery WHERE state = 'FAILED'");
    expect(rows).toEqual([{ reason: 'http-404' }]);
    expect(await alerting.registry.metrics()).toContain('sdp_alerts_total{channel="discord",outcome="failed"} 1');
  });

  it('that was taken is not sent again where the answer never ends', async () => {
    discord.answer = () => ({ status: 200, isEndless: true });
    alerting.start(channel(', timeout: 300ms') + at(), secrets());
    const id = await alerting.raise();
    await settled(alerting.pool);
    expect(await outcomes(alerting.pool)).toEqual({ [id]: ['discord:DELIVERED'] });
    expect(discord.received).toHaveLength(1);
  });

  it('is not sent before the date that a receiver names, by the receiver’s own clock', async () => {
    const ahead = (ms: number) => new Date(Date.now() + 3_600_000 + ms).toUTCString();
    discord.answer = (_path, index) =>
      index > 0
        ? { status: 204 }
        : { status: 429, headers: { date: ahead(0), 'retry-after': ahead(2_000) }, isEndless: true };
    alerting.start(channel(', timeout: 300ms') + at(), secrets());
    await alerting.raise();
    await settled(alerting.pool);
    const [first, second] = discord.received;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(1_950);
  });

  it('waits while the receiver does not know who sends it, unless there is a fallback', async () => {
    discord.answer = (_path, index) => ({ status: index < 2 ? 401 : 204 });
    alerting.start(channel() + at(), secrets());
    const id = await alerting.raise();
    await settled(alerting.pool);
    expect(discord.received.map(({ status }) => status)).toEqual([401, 401, 204]);
    expect(await outcomes(alerting.pool)).toEqual({ [id]: ['discord:DELIVERED'] });
    expect(alerting.log.filter((line) => line.includes('http-401'))).toHaveLength(2);
  });

  it('does not follow a redirect', async () => {
    discord.answer = () => ({ status: 307, headers: { location: `${discord.url}/elsewhere` } });
    alerting.start(channel() + at(), secrets());
    const id = await alerting.raise();
    await settled(alerting.pool);
    expect(await outcomes(alerting.pool)).toEqual({ [id]: ['discord:FAILED'] });
    expect(discord.received).toHaveLength(1);
  });

  it('goes to no private address unless that is allowed', async () => {
    alerting.start(channel().replace('allow_private_addresses: true', 'optional: false') + at(), secrets());
    await alerting.raise();
    await settled(alerting.pool);
    const { rows } = await alerting.pool.query('SELECT state, reason FROM alert_delivery');
    expect(rows).toEqual([{ state: 'FAILED', reason: 'private-address' }]);
    expect(discord.received).toHaveLength(0);
  });

  it('that no channel takes stays in the list', async () => {
    alerting.start('route: { channels: [] }');
    const id = await alerting.raise();
    await settled(alerting.pool);
    expect(await outcomes(alerting.pool)).toEqual({ [id]: [] });
  });
});

describe('a channel', () => {
  it('that is down for a while loses nothing: all of it arrives, in the order of each group, once', async () => {
    alerting.start(channel() + at(), secrets());
    await discord.down();
    const raised: string[] = [];
    for (let n = 0; n < 60; n++) {
      raised.push(await alerting.raise({ type: `type-${n % 3}`, title: `alert ${String(n).padStart(2, '0')}` }));
    }
    await until(() => alerting.log.some((line) => line.includes('channel of alerts is down')));
    await discord.up();
    await settled(alerting.pool, 40_000);
    const states = await outcomes(alerting.pool);
    expect(raised.map((id) => states[id])).toEqual(raised.map(() => ['discord:DELIVERED']));
    expect(new Set(ids(delivered())).size).toBe(delivered().length);
    expect(alerting.log.some((line) => line.includes('channel of alerts is back'))).toBe(true);
  });

  it('gets no more messages than its limit; what is over is told of in a summary', async () => {
    // All are there before anybody looks, so that all are due at once.
    const raised: string[] = [];
    for (let n = 0; n < 12; n++)
      raised.push(await alerting.raise({ type: `type-${n}`, level: n === 7 ? 'CRITICAL' : 'WARNING' }));
    alerting.start(channel(', rate_limit: { messages: 3, per: 2s }') + at(), secrets());
    await settled(alerting.pool);
    expect(discord.received).toHaveLength(3);
    const titles = discord.received.map(({ body }) => body.embeds[0].title);
    expect(titles.filter((title) => title.startsWith('CRITICAL: Latency'))).toHaveLength(1);
    expect(titles.filter((title) => title.includes('10 alerts in several groups'))).toHaveLength(1);
    const states = await outcomes(alerting.pool);
    expect(raised.map((id) => states[id])).toEqual(raised.map(() => ['discord:DELIVERED']));
  });
});

describe('a silence', () => {
  const silence = (matcher: object) =>
    alerting.pool.query(
      `INSERT INTO alert_silence (client_id, matcher, reason, created_by_kind, created_by_id, ends_at)
       VALUES ('acme', $1, 'maintenance', 'user', 'someone', clock_timestamp() + interval '1 hour') RETURNING silence_id`,
      [JSON.stringify(matcher)],
    );

  it('keeps back what it matches and says so; the rest goes out', async () => {
    const { rows } = await silence({ tags: { host: ['db-*'] } });
    alerting.start(channel() + at(), secrets());
    const kept = await alerting.raise({ tags: { host: 'db-7' } });
    const other = await alerting.raise({ tags: { host: 'web-7' } });
    const foreign = await alerting.raise({ tags: { host: 'db-7' }, clientId: 'globex' });
    await settled(alerting.pool);
    expect(await outcomes(alerting.pool)).toEqual({
      [kept]: ['discord:SILENCED'],
      [other]: ['discord:DELIVERED'],
      [foreign]: ['discord:DELIVERED'],
    });
    const found = await alerting.pool.query("SELECT silence_id FROM alert_delivery WHERE state = 'SILENCED'");
    expect(found.rows).toEqual(rows);
  });

  it('that comes while an alert waits keeps it back too', async () => {
    alerting.start(channel() + at('group_wait: 900ms'), secrets());
    const id = await alerting.raise();
    await until(async () => (await outcomes(alerting.pool))[id] !== undefined);
    await silence({});
    await settled(alerting.pool);
    expect(await outcomes(alerting.pool)).toEqual({ [id]: ['discord:SILENCED'] });
    expect(discord.received).toHaveLength(0);
  });
});

describe('quiet hours', () => {
  const quiet = (pass: string) => {
    const minute = (offset: number) => new Date(Date.now() + offset * 60_000).toISOString().slice(11, 16);
    return `route: { channels: [discord], group_wait: 0s, group_interval: 0s,
      quiet_hours: { time_zone: UTC, from: "${minute(-60)}", to: "${minute(60)}", pass: ${pass} } }`;
  };

  it('hold alerts back, but for those that pass', async () => {
    alerting.start(channel() + quiet('[CRITICAL]'), secrets());
    const held = await alerting.raise({ level: 'ERROR' });
    const passing = await alerting.raise({ level: 'CRITICAL' });
    await until(() => discord.received.length === 1);
    await until(async () => (await outcomes(alerting.pool))[passing]?.[0] === 'discord:DELIVERED');
    expect((await outcomes(alerting.pool))[held]).toEqual(['discord:WAITING']);
    // The file is changed: what was held goes out.
    await alerting.stop();
    await alerting.pool.query('UPDATE alert_group SET due_at = clock_timestamp() WHERE due_at IS NOT NULL');
    alerting.start(channel() + at(), secrets());
    await settled(alerting.pool);
    expect((await outcomes(alerting.pool))[held]).toEqual(['discord:DELIVERED']);
  });
});

describe('PagerDuty', () => {
  const file = () => `
channels:
  pager: { type: pagerduty, url: "${discord.url}/v2/enqueue", routing_key_env: KEY, allow_private_addresses: true }
route: { channels: [pager], group_wait: 200ms, group_interval: 0s }`;

  it('is told of an anomaly, that somebody took it up and that it is over, as one incident', async () => {
    alerting.start(file(), { KEY: 'routing-key' });
    const id = await alerting.raise({ level: 'ERROR' });
    await settled(alerting.pool);
    await handle(alerting.pool, id, 'ACKNOWLEDGED');
    await until(() => discord.received.length === 2);
    await handle(alerting.pool, id, 'RESOLVED');
    await until(() => discord.received.length === 3);
    const events = discord.received.map(({ body }) => body);
    expect(events.map(({ event_action }) => event_action)).toEqual(['trigger', 'acknowledge', 'resolve']);
    expect(new Set(events.map(({ dedup_key }) => dedup_key)).size).toBe(1);
    expect(events[0]).toMatchObject({
      routing_key: 'routing-key',
      payload: { severity: 'error', summary: 'Latency is high', source: 'acme', class: 'latency_high' },
    });
  });

  it('hears that several alerts of one message are over when the last of them is', async () => {
    alerting.start(file(), { KEY: 'routing-key' });
    const first = await alerting.raise();
    const second = await alerting.raise();
    await settled(alerting.pool);
    expect(discord.received).toHaveLength(1);
    await handle(alerting.pool, first, 'RESOLVED');
    await until(async () => (await alerting.pool.query('SELECT FROM alert_outbox')).rowCount === 0);
    await settled(alerting.pool);
    expect(discord.received).toHaveLength(1);
    await handle(alerting.pool, second, 'RESOLVED');
    await until(() => discord.received.length === 2);
    expect(discord.received[1]?.body.event_action).toBe('resolve');
  });
});

describe('several workers', () => {
  it('share the work: each message is sent once, in the order of its group', async () => {
    const file = `
channels:
  one: { type: discord, url_env: ONE, allow_private_addresses: true, rate_limit: { messages: 1000, per: 1m } }
  two: { type: slack, url_env: TWO, allow_private_addresses: true, rate_limit: { messages: 1000, per: 1m } }
route: { channels: [one, two], group_wait: 0s, group_interval: 0s }`;
    const given = { ONE: `${discord.url}/one`, TWO: `${discord.url}/two` };
    for (let n = 0; n < 3; n++) alerting.start(file, given);
    const raised: string[] = [];
    for (let n = 0; n < 40; n++) {
      raised.push(await alerting.raise({ type: `type-${n % 4}`, title: `alert ${String(n).padStart(2, '0')}` }));
    }
    await settled(alerting.pool);
    const states = await outcomes(alerting.pool);
    expect(raised.map((id) => states[id])).toEqual(raised.map(() => ['one:DELIVERED', 'two:DELIVERED']));
    expect(new Set(ids()).size).toBe(discord.received.length);
    const { rows } = await alerting.pool.query<{ type: string; numbers: string[] }>(
      `SELECT a.type, array_agg(a.title ORDER BY m.settled_at, a.created_at) AS numbers
         FROM alert a JOIN alert_delivery d USING (alert_id) JOIN alert_message m USING (message_id)
        WHERE d.channel = 'one' GROUP BY a.type`,
    );
    for (const { numbers } of rows) expect(numbers).toEqual([...numbers].sort());
  });
});

describe('a reminder', () => {
  it('tells again of what nobody has handled, and of nothing that somebody has', async () => {
    alerting.start(channel() + at('group_wait: 0s, group_interval: 0s, repeat_interval: 1m'), secrets());
    const open = await alerting.raise({ title: 'left alone' });
    const handled = await alerting.raise({ title: 'handled', type: 'other' });
    await settled(alerting.pool);
    await handle(alerting.pool, handled, 'ACKNOWLEDGED');
    await settled(alerting.pool);
    const before = discord.received.length;
    // A minute goes by.
    await alerting.pool.query('UPDATE alert_group SET remind_at = clock_timestamp() WHERE remind_at IS NOT NULL');
    await until(() => discord.received.length > before);
    await settled(alerting.pool);
    expect(discord.received.slice(before).map(({ body }) => body.embeds[0].title)).toEqual([
      'WARNING: Still open: left alone',
    ]);
    expect((await outcomes(alerting.pool))[open]).toEqual(['discord:DELIVERED']);
  });
});

describe('a channel that is no longer in the file', () => {
  it('leaves what waits for it to the others', async () => {
    const file = `
channels:
  old: { type: slack, url_env: HOOK, allow_private_addresses: true }
  discord: { type: discord, url_env: HOOK, allow_private_addresses: true }
route: { channels: [discord], group_wait: 0s, routes: [{ match: { type: special }, channels: [old], group_wait: 1h }] }`;
    alerting.start(file, secrets());
    const id = await alerting.raise({ type: 'special' });
    await until(async () => (await outcomes(alerting.pool))[id] !== undefined);
    await alerting.stop();
    await alerting.pool.query("UPDATE alert SET taken_at = taken_at - interval '20 minutes'");
    alerting.start(channel() + at(), secrets());
    await settled(alerting.pool);
    expect(await outcomes(alerting.pool)).toEqual({ [id]: ['discord:DELIVERED', 'old:FAILED'] });
    expect(discord.received[0]?.text).toContain('The channel old did not take this: channel-removed');
  });
});

describe('a clock that is wrong, and stands still', () => {
  afterEach(() => void vi.useRealTimers());

  it.each([-3_600_000, 3_600_000])(
    'of this process, by %d ms, holds nothing up and breaks no limit',
    async (offset) => {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + offset });
      discord.answer = (_path, index) =>
        index === 0 ? { status: 429, headers: { 'retry-after': '1' } } : { status: 204 };
      alerting.start(channel() + at('group_wait: 300ms, group_interval: 0s'), secrets());
      const begun = performance.now();
      await alerting.raise();
      await until(() => discord.received.length === 2);
      expect(performance.now() - begun).toBeGreaterThan(1_250);
      await settled(alerting.pool);
    },
  );
});

describe('a database that drops its connections', () => {
  it('is asked again: what was raised before and after arrives', async () => {
    alerting.start(channel() + at(), secrets());
    const raised: string[] = [];
    for (let n = 0; n < 30; n++) {
      raised.push(await alerting.raise({ type: `type-${n % 5}` }));
      if (n % 10 === 5) {
        await alerting.pool.query(
          'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
        );
      }
    }
    await settled(alerting.pool);
    const states = await outcomes(alerting.pool);
    expect(raised.map((id) => states[id])).toEqual(raised.map(() => ['discord:DELIVERED']));
  });
});
