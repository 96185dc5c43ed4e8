import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Alerting, openAlerting, outcomes, settled } from './alerting.ts';
import { type Receiver, startReceiver } from './receivers.ts';

/** Set for the long form. */
const rounds = Number(process.env['SDP_ALERT_KILLS'] ?? 3);
const perRound = 60;

let alerting: Alerting;
let receiver: Receiver;
let folder: string;
beforeAll(async () => {
  alerting = await openAlerting();
  receiver = await startReceiver();
  folder = mkdtempSync(join(tmpdir(), 'sdp-alerts-kill-'));
});
afterAll(async () => {
  await alerting.close();
  await receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

const file = `
channels:
  one: { type: webhook, url_env: ONE, secret_env: SECRET, allow_private_addresses: true, rate_limit: { messages: 10000, per: 1m } }
  two: { type: discord, url_env: TWO, allow_private_addresses: true, rate_limit: { messages: 10000, per: 1m } }
route: { channels: [one, two], group_by: [type], group_wait: 0s, group_interval: 0s, repeat_interval: never }
`;

it(
  'a worker that is killed at any moment under load loses no alert, and what it repeats has the same id and content',
  async () => {
    const path = join(folder, 'alerts.yml');
    writeFileSync(path, file);
    const secrets = {
      ONE: `${receiver.url}/one`,
      TWO: `${receiver.url}/two`,
      SECRET: Buffer.alloc(32, 1).toString('base64'),
    };
    // Some answers come late or not at all, so that kills meet messages that arrived and are not written down as such.
    receiver.answer = (_path, index) =>
      index % 11 === 3 ? { status: 503 } : index % 17 === 5 ? 'reset' : { status: 204 };
    const raised: string[] = [];
    for (let round = 0; round < rounds; round++) {
      const worker = await startWorker({ dsn: alerting.database.dsn, path, secrets });
      const dies = new Promise((resolve) => worker.once('exit', resolve));
      setTimeout(() => worker.kill('SIGKILL'), 150 + Math.random() * 500);
      for (let n = 0; n < perRound; n++) {
        raised.push(await alerting.raise({ type: `type-${n % 7}`, title: `alert ${raised.length}` }));
      }
      await dies;
      // Its lease would be waited for otherwise.
      await alerting.pool.query("UPDATE alert_channel SET leased_until = clock_timestamp() - interval '1 second'");
    }
    alerting.start(file, secrets);
    await settled(alerting.pool, 60_000);

    const states = await outcomes(alerting.pool);
    expect(Object.keys(states).sort()).toEqual([...raised].sort());
    for (const id of raised) expect(states[id]).toEqual(['one:DELIVERED', 'two:DELIVERED']);
    await assertToldOnce(raised);
  },
  60_000 + rounds * 5_000,
);

/** By what receivers saw and by the ids alone: each alert stands in one message a channel; repeats of it are the same, byte for byte. */
async function assertToldOnce(raised: readonly string[]): Promise<void> {
  const { rows } = await alerting.pool.query<{ message_id: string; channel: string; alerts: number }>(
    `SELECT message_id, channel, count(*)::int AS alerts FROM alert_delivery GROUP BY message_id, channel`,
  );
  for (const path of ['/one', '/two']) {
    const taken = receiver.received.filter((each) => each.path === path && each.status === 204);
    const byId = new Map<string, Set<string>>();
    for (const { headers, text } of taken) {
      const id = String(headers['idempotency-key']);
      byId.set(id, (byId.get(id) ?? new Set()).add(text));
      if (path === '/one') expect(headers['webhook-id']).toBe(id);
    }
    for (const texts of byId.values()) expect(texts.size).toBe(1);
    const told = rows.filter(({ channel }) => channel === path.slice(1));
    expect([...byId.keys()].sort()).toEqual(told.map(({ message_id }) => message_id).sort());
    expect(told.reduce((sum, { alerts }) => sum + alerts, 0)).toBe(raised.length);
  }
}

function startWorker(given: object): Promise<ChildProcess> {
  const script = join(import.meta.dirname, 'doomed-worker.ts');
  const worker = spawn(process.execPath, ['--conditions=sdp-source', script, JSON.stringify(given)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    worker.once('exit', () => reject(new Error('the worker ended before it was killed')));
    worker.stdout?.once('data', () => {
      worker.removeAllListeners('exit');
      resolve(worker);
    });
  });
}
