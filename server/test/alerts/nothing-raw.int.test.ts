import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { expect, it } from 'vitest';
import { listAlerts } from '../../src/alerts/index.ts';
import { bootstrapApiKey, type RunningServer, startServer } from '../support/running-server.ts';
import { until } from './alerting.ts';
import { startReceiver } from './receivers.ts';

/** A word that stands nowhere else. */
const canary = (of: string) => `zq${of}${randomBytes(6).toString('hex')}`;

/** What clients send: free text, and what nobody declared to be safe. */
const raw = {
  message: canary('message'),
  attribute: canary('attribute'),
  tag: canary('tag'),
  merchant: canary('merchant'),
  category: canary('category'),
  channel: canary('channel'),
};
const user = canary('user');
const secrets = {
  DISCORD: canary('discord'),
  SLACK: canary('slack'),
  HOOK: canary('hook'),
  HOOK_SECRET: `whsec_${Buffer.from(canary('signing').padEnd(32, 'x')).toString('base64')}`,
  PAGER: canary('pager'),
  MAIL: canary('mail'),
};

const common = () => ({ event_id: randomUUID(), at: new Date().toISOString(), user_id: user, tags: { note: raw.tag } });
const log = (n: number) => ({
  ...{ ...common(), type: 'log', level: 'ERROR', message: `order ${n} failed: ${raw.message}`, source: 'shop' },
  attributes: { detail: raw.attribute },
});
const payment = (amount: number) => ({
  ...{ ...common(), type: 'transaction', amount },
  ...{ merchant: raw.merchant, category: raw.category, channel: raw.channel },
});
const sample = () => ({ ...common(), type: 'metric', host: 'web-1', metrics: { cpu_percent: 95, latency_ms: 2_000 } });

it('no alert, log line, metric, list or table shows what events hold, and nothing but its own channel a secret', async () => {
  const receiver = await startReceiver();
  const mail = await startMailServer();
  const folder = mkdtempSync(join(tmpdir(), 'sdp-nothing-raw-'));
  const file = join(folder, 'alerts.yml');
  const web = 'allow_private_addresses: true';
  writeFileSync(
    file,
    `safe_tags: [host, area]
channels:
  discord: { type: discord, url_env: DISCORD_URL, ${web} }
  slack: { type: slack, url_env: SLACK_URL, ${web}, fallback: hook }
  hook: { type: webhook, url_env: HOOK_URL, secret_env: HOOK_SECRET, ${web} }
  pager: { type: pagerduty, url: "${receiver.url}/pager", routing_key_env: PAGER, ${web} }
  mail: { type: email, host: localhost, port: ${mail.port}, tls: implicit, from: a@sdp.example, to: [b@sdp.example], user: sdp,
          password_env: MAIL, timeout: 1s }
  mail-plain: { type: email, host: localhost, port: ${mail.plainPort}, tls: none, from: a@sdp.example, to: [b@sdp.example] }
route: { channels: [discord, slack, hook, pager, mail, mail-plain], group_wait: 0s, group_interval: 200ms }
`,
  );
  const url = (of: 'DISCORD' | 'SLACK' | 'HOOK') => `${receiver.url}/${of}/${secrets[of]}?token=${secrets[of]}`;
  // Every way to fail once, with the request in the answer.
  const failures: Record<string, number> = { DISCORD: 500, HOOK: 429, pager: 401 };
  receiver.answer = (path) => {
    const name = path.split('/')[1] ?? '';
    const status = failures[name] ?? (name === 'SLACK' ? 404 : 204);
    delete failures[name];
    return { status, body: { error: `no: ${path}`, retry_after: 0.1 } };
  };
  const server = await startServer({
    roles: ['events', 'analysis', 'alerts'],
    environment: {
      ...{ SDP_ALERTS_FILE: file, HOOK_SECRET: secrets.HOOK_SECRET, PAGER: secrets.PAGER, MAIL: secrets.MAIL },
      ...{ DISCORD_URL: url('DISCORD'), SLACK_URL: url('SLACK'), HOOK_URL: url('HOOK') },
    },
  });
  try {
    const events = [...Array.from({ length: 25 }, (_, n) => log(n)), payment(25_000), sample(), sample(), sample()];
    const answer = await server.fetch('/api/v1/events', {
      ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
      body: JSON.stringify({ events }),
    });
    expect(answer.status).toBeLessThan(300);
    const told = (name: string) => receiver.received.filter((each) => each.status < 300 && each.path.includes(name));
    await until(async () => {
      const { rows } = await server.platform.pool.query('SELECT count(DISTINCT type)::int AS n FROM alert');
      const isTold = ['DISCORD', 'HOOK', 'pager'].every((name) => told(name).length > 0);
      return (
        rows[0].n >= 6 &&
        isTold &&
        mail.plain.length > 0 &&
        server.log.some((line) => line.includes('"channel":"mail"'))
      );
    });

    const places: Record<string, string> = {
      log: server.log.join('\n'),
      metrics: await server.platform.metrics.registry.metrics(),
      list: JSON.stringify(await listAlerts(server.platform.pool, { limit: 1_000 })),
      mail: mail.plain.join('\n').replaceAll('=\r\n', ''),
      tables: await everything(server),
    };
    for (const { path, headers, text } of receiver.received) {
      const name = path.split('/')[1] ?? '';
      places[name] = `${places[name] ?? ''}${JSON.stringify(headers)}${text}`;
    }
    expect(Object.keys(places).sort()).toEqual(
      ['log', 'metrics', 'list', 'mail', 'tables', 'DISCORD', 'SLACK', 'HOOK', 'pager'].sort(),
    );
    const leaks = Object.entries(places).flatMap(([place, text]) =>
      Object.entries({ ...raw, user, ...secrets, key: bootstrapApiKey, signing: secrets.HOOK_SECRET.slice(6) })
        .filter(([, secret]) => text.includes(secret) || text.includes(Buffer.from(secret).toString('hex')))
        .map(([name]) => `${name} in ${place}`),
    );
    // A pager is told its routing key, and tables hold the user's token where anomalies of one user are looked for.
    expect(leaks.sort()).toEqual(['PAGER in pager', 'user in tables']);
  } finally {
    await server.stop();
    await receiver.close();
    await mail.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

/** All rows of all tables, bytes in hexadecimal. */
async function everything({ platform: { pool } }: RunningServer): Promise<string> {
  const { rows: tables } = await pool.query<{ name: string }>(
    `SELECT c.oid::regclass::text AS name FROM pg_class c
      WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace`,
  );
  expect(tables.length).toBeGreaterThan(40);
  const texts: string[] = [];
  for (const { name } of tables) {
    const { rows } = await pool.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`);
    texts.push(...rows.map(({ row }) => `${name} ${row}`));
  }
  return texts.join('\n');
}

/** One port that speaks no TLS as it should, and one that takes what it is given. */
async function startMailServer() {
  const plain: string[] = [];
  const made = [false, true].map(
    (takes) =>
      new SMTPServer({
        ...{ authOptional: true, disabledCommands: ['STARTTLS'] },
        onData: (stream, _session, callback) => {
          const chunks: Buffer[] = [];
          stream.on('data', (chunk: Buffer) => chunks.push(chunk));
          stream.on('end', () => {
            if (takes) plain.push(Buffer.concat(chunks).toString('utf8'));
            callback();
          });
        },
      }),
  );
  for (const server of made) {
    server.on('error', () => undefined);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', () => done()));
  }
  const [port, plainPort] = made.map((server) => (server.server.address() as AddressInfo).port);
  const close = (server: SMTPServer) => new Promise<void>((done) => server.close(() => done()));
  return { plain, port, plainPort, close: async () => void (await Promise.all(made.map(close))) };
}
