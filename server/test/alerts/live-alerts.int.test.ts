import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Alerting, drawShortDelays, handle, openAlerting, outcomes, settled, until } from './alerting.ts';
import { type Receiver, startReceiver } from './receivers.ts';

let alerting: Alerting;
let receiver: Receiver;
let path: string;
beforeAll(async () => {
  alerting = await openAlerting();
});
afterAll(() => alerting.close());
beforeEach(async () => {
  drawShortDelays();
  receiver = await startReceiver();
  path = join(alerting.folder, `${randomUUID()}.yml`);
});
afterEach(async () => {
  await alerting.stop();
  await alerting.clear();
  await receiver.close();
  alerting.log.length = 0;
});

const secrets = () => ({ ONE: `${receiver.url}/one`, TWO: `${receiver.url}/two` });
const one = (more = '') => `  one: { type: slack, url_env: ONE, allow_private_addresses: true, ${limit}${more} }\n`;
const two = (more = '') => `  two: { type: slack, url_env: TWO, allow_private_addresses: true, ${limit}${more} }\n`;
const limit = 'rate_limit: { messages: 10000, per: 1m }';
const times = 'group_wait: 0s, group_interval: 0s, repeat_interval: never';
const file = (channels: string, route: string) => `channels:\n${channels}route: { ${route}, ${times} }\n`;
const paths = () => receiver.received.map((each) => each.path);
/** As if nobody had served it for a while: others may go by another file. */
const longAgo = (channel: string) =>
  alerting.pool.query(
    "UPDATE alert_channel SET leased_until = clock_timestamp() - interval '6 seconds' WHERE channel = $1 AND owner IS NULL",
    [channel],
  );

it('a file that has changed holds from then on', async () => {
  writeFileSync(path, file(one(), 'channels: [one]'));
  const live = alerting.startLive(path, secrets());
  await alerting.raise();
  await settled(alerting.pool);
  writeFileSync(path, file(one() + two(), 'channels: [two]'));
  await live.look();
  await alerting.raise();
  await settled(alerting.pool);
  expect(paths()).toEqual(['/one', '/two']);
  const metrics = await alerting.registry.metrics();
  expect(metrics).toContain('sdp_alerts_reloads_total 1');
  expect(metrics).toContain('sdp_alert_channel_down{channel="two"} 0');
});

it('of a file that is not right nothing is taken: a warning with each place, a figure and an alert by the old one say so', async () => {
  writeFileSync(path, file(one(), 'channels: [one]'));
  const live = alerting.startLive(path, secrets());
  writeFileSync(path, file(two(', colour: red'), 'channels: [one]'));
  await live.look();
  await settled(alerting.pool);
  const warning = alerting.log.map((line) => JSON.parse(line)).find(({ code }) => code === 'config-invalid');
  expect(warning.findings).toEqual([
    expect.objectContaining({ line: 2, column: 110, field: 'channels.two' }),
    expect.objectContaining({ line: 3, column: 21, field: 'route.channels.0' }),
  ]);
  expect(await alerting.registry.metrics()).toContain('sdp_alerts_reload_failures_total 1');
  expect(paths()).toEqual(['/one']);
  expect(receiver.received[0]?.text).toContain('The file of alerts is not right');
  // A secret that is not there is told with the place of its channel.
  writeFileSync(path, file(`${one()}  three: { type: slack, url_env: THREE }\n`, 'channels: [one]'));
  await live.look();
  const missing = alerting.log.map((line) => JSON.parse(line)).filter(({ code }) => code === 'config-invalid')[1];
  expect(missing.findings).toEqual([expect.objectContaining({ line: 3, column: 10, field: 'channels.three' })]);
  await alerting.raise({ title: 'still told of' });
  await settled(alerting.pool);
  expect(receiver.received.at(-1)?.text).toContain('still told of');
});

it('a channel that is down goes on at once when its secret leads elsewhere', async () => {
  const secret = join(alerting.folder, randomUUID());
  writeFileSync(secret, `${receiver.url}/away`);
  receiver.answer = (where) => ({ status: where === '/away' ? 503 : 204 });
  const channel = `  one: { type: slack, url_file: "${secret}", allow_private_addresses: true }\n`;
  writeFileSync(path, file(channel, 'channels: [one]'));
  const live = alerting.startLive(path);
  const id = await alerting.raise();
  await until(() => receiver.received.length >= 2);
  await alerting.pool.query(
    "UPDATE alert_channel SET failures = 9, blocked_until = clock_timestamp() + interval '1 hour'",
  );
  await alerting.pool.query("UPDATE alert_message SET next_at = clock_timestamp() + interval '1 hour'");
  writeFileSync(secret, `${receiver.url}/here`);
  await live.look();
  await settled(alerting.pool);
  expect(paths().at(-1)).toBe('/here');
  expect(await outcomes(alerting.pool)).toEqual({ [id]: ['one:DELIVERED'] });
});

it('what waits keeps to the times and quiet hours that hold now, whatever the order of the routes', async () => {
  const slow = '{ match: { type: slow }, group_wait: 1h }';
  const held = `{ match: { type: held }, quiet_hours: { time_zone: UTC, from: "00:00", to: "23:59", pass: [] } }`;
  writeFileSync(path, file(one(), `channels: [one], routes: [${slow}, ${held}]`));
  const live = alerting.startLive(path, secrets());
  const waiting = await alerting.raise({ type: 'slow' });
  await until(async () => (await outcomes(alerting.pool))[waiting] !== undefined);
  const quiet = await alerting.raise({ type: 'held' });
  await until(async () => (await outcomes(alerting.pool))[quiet] !== undefined);
  // In another order, and one more: each group goes on under its own route.
  writeFileSync(path, file(one(), `channels: [one], routes: [{ match: { type: new } }, ${held}, ${slow}]`));
  await live.look();
  await sleep(500);
  expect(receiver.received).toHaveLength(0);
  writeFileSync(path, file(one(), 'channels: [one], routes: [{ match: { type: slow }, group_wait: 0s }]'));
  await live.look();
  await settled(alerting.pool);
  expect(Object.values(await outcomes(alerting.pool)).flat()).toEqual(['one:DELIVERED', 'one:DELIVERED']);
});

it('what waits for a channel that is taken out goes to the outermost route, told of once where that knows of it', async () => {
  const special = '{ match: { type: special }, channels: [two], group_wait: 1h }';
  const both = '{ match: { type: both }, channels: [one, two], group_wait: 1h }';
  writeFileSync(path, file(one() + two(', send_resolved: true'), `channels: [one], routes: [${special}, ${both}]`));
  const live = alerting.startLive(path, secrets());
  const alone = await alerting.raise({ type: 'special' });
  const shared = await alerting.raise({ type: 'both' });
  await until(async () => Object.keys(await outcomes(alerting.pool)).length === 2);
  writeFileSync(path, file(one(), 'channels: [one]'));
  await live.look();
  await until(async () => ((await longAgo('two')).rowCount ?? 0) > 0);
  await settled(alerting.pool);
  expect(await outcomes(alerting.pool)).toEqual({
    [alone]: ['one:DELIVERED', 'two:FAILED'],
    [shared]: ['one:DELIVERED', 'two:FAILED'],
  });
  expect(receiver.received.filter(({ text }) => text.includes(alone))).toHaveLength(1);
  expect(paths()).toEqual(['/one', '/one']);
  expect(
    receiver.received.some(({ text }) => text.includes('The channel two did not take this: channel-removed')),
  ).toBe(true);
});

it('what waits where the outermost route has no channel waits until there is one', async () => {
  writeFileSync(path, file(two(), 'channels: [two]').replace('group_wait: 0s', 'group_wait: 1h'));
  const live = alerting.startLive(path, secrets());
  const id = await alerting.raise();
  await until(async () => (await outcomes(alerting.pool))[id] !== undefined);
  writeFileSync(path, file('  one: { type: slack, url_env: NONE, optional: true }\n', 'channels: [one]'));
  await live.look();
  await until(async () => ((await longAgo('two')).rowCount ?? 0) > 0);
  await sleep(400);
  expect(await outcomes(alerting.pool)).toEqual({ [id]: ['two:WAITING'] });
  writeFileSync(path, file(one(), 'channels: [one]'));
  await live.look();
  await settled(alerting.pool);
  expect(await outcomes(alerting.pool)).toEqual({ [id]: ['one:DELIVERED', 'two:FAILED'] });
});

it('a message that something is over does not wait for ever for a channel that is gone', async () => {
  writeFileSync(path, file(two(', send_resolved: true'), 'channels: [two]'));
  const live = alerting.startLive(path, secrets());
  const id = await alerting.raise();
  await settled(alerting.pool);
  receiver.answer = () => ({ status: 503 });
  await handle(alerting.pool, id, 'RESOLVED');
  await until(() => receiver.received.length >= 2);
  writeFileSync(path, file(one(), 'channels: [one]'));
  await live.look();
  await until(async () => ((await longAgo('two')).rowCount ?? 0) > 0);
  await settled(alerting.pool);
});

it('a thousand alerts under way while the file changes again and again: none is lost, and none told of twice on a channel', async () => {
  const total = 1_000;
  const routes = 'channels: [one], routes: [{ match: { type: "both-*" }, channels: [one, two] }]';
  const all = file(one() + two(), routes);
  const files = [
    all,
    file(one(', timeout: 5s') + two(', max_in_flight: 8'), routes),
    'channels: [broken',
    file(one() + two(), 'channels: [two, one]'),
    file(one(', max_in_flight: 1'), 'channels: [one]'),
    all,
  ];
  writeFileSync(path, all);
  // Slow enough for messages to be under way when the file changes.
  receiver.slowMs = (where) => (where === '/two' ? 120 : 10);
  const live = alerting.startLive(path, secrets());
  const raised: string[] = [];
  const raising = (async () => {
    for (let n = 0; n < total; n += 20) {
      const types = Array.from({ length: 20 }, (_, each) => `${each % 2 ? 'both' : 'single'}-${(n + each) % 20}`);
      raised.push(...(await alerting.raiseAll(types.map((type) => ({ type })))));
      await sleep(10);
    }
  })();
  let turns = 0;
  for (let isDone = false; !isDone; turns++) {
    writeFileSync(path, files[turns % files.length] as string);
    await live.look();
    isDone = await Promise.race([raising.then(() => true), sleep(40, false)]);
  }
  writeFileSync(path, file(one(), 'channels: [one]'));
  await live.look();
  await until(async () => ((await longAgo('two')).rowCount ?? 0) > 0);
  await settled(alerting.pool, 60_000);
  expect(turns).toBeGreaterThan(files.length);

  const states = await outcomes(alerting.pool);
  expect(raised).toHaveLength(total);
  for (const id of raised) expect(states[id]).toContain('one:DELIVERED');
  for (const ends of Object.values(states)) expect(ends.join()).not.toMatch(/WAITING|SENDING/);
  // Nothing failed here, so that each message arrived once, and each alert stands in one message a channel.
  const ids = receiver.received.map(({ headers }) => headers['idempotency-key']);
  expect(new Set(ids).size).toBe(ids.length);
  const { rows } = await alerting.pool.query(
    `SELECT message_id, (notice ->> 'total')::int AS told,
              (SELECT count(*)::int FROM alert_delivery d WHERE d.message_id = m.message_id) AS alerts
         FROM alert_message m WHERE state = 'SENT'`,
  );
  for (const { told, alerts } of rows) expect(told).toBe(alerts);
  expect(rows.map(({ message_id }) => message_id).sort()).toEqual(ids.toSorted());
}, 120_000);
