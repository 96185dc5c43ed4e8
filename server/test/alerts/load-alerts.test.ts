import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@sdp/shared/errors';
import { afterAll, describe, expect, it } from 'vitest';
import { loadAlerts } from '../../src/alerts/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'sdp-alerts-file-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const shipped = new URL('../../../configs/alerts.yml', import.meta.url);
const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

function load(yaml: string, secrets: Readonly<Record<string, string>> = {}) {
  const path = join(folder, 'alerts.yml');
  writeFileSync(path, yaml);
  return loadAlerts({ path, variable: (name) => secrets[name] });
}

/** `line:column field message` of everything that is wrong. */
function problems(yaml: string, secrets?: Readonly<Record<string, string>>): string[] {
  try {
    load(yaml, secrets);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return (error.details.findings ?? []).map(
      ({ line, column, field, message }) => `${line}:${column} ${field} ${message}`,
    );
  }
  return [];
}

describe('the shipped file', () => {
  it('tells Discord where the variable is set, and nobody where it is not', () => {
    const url = 'https://discord.com/api/webhooks/1/x';
    const given = loadAlerts({ variable: (name) => (name === 'DISCORD_WEBHOOK_URL' ? url : undefined) });
    expect(given.channels.map(({ config, secrets }) => [config.name, secrets['url']])).toEqual([['discord', url]]);
    const without = loadAlerts({ variable: () => undefined });
    expect([without.channels, without.absent]).toEqual([[], ['discord']]);
  });

  it('holds no secret', () => {
    expect(readFileSync(shipped, 'utf8')).not.toMatch(/https?:\/\/(?!sdp\.)/);
  });
});

describe('a mistake', () => {
  it('is told with its place', () => {
    const yaml = `channels:
  discord: { type: discord, url_env: HOOK, fallback: nobody }
  hook:
    type: webhook
    url_env: HOOK
    secret_env: SECRET
    secret_file: secret.txt
    timeout: 5 minutes
route:
  channels: [discord, pager]
  group_wait: -1s
  routes:
    - match: { min_level: FATAL }
      quiet_hours: { time_zone: Mars/Olympus, from: "22:00", to: "25:00" }
`;
    expect(problems(yaml).map((each) => each.split(' ').slice(0, 2).join(' '))).toEqual(
      expect.arrayContaining([
        '8:14 channels.hook.timeout',
        '11:15 route.group_wait',
        '13:27 route.routes.0.match.min_level',
      ]),
    );
  });

  it('of a route or a fallback that leads nowhere is found', () => {
    const yaml = `channels:
  one: { type: discord, url_env: HOOK, fallback: two }
  two: { type: discord, url_env: HOOK, fallback: one }
  three: { type: discord, url_env: HOOK, fallback: nobody }
route:
  channels: [pager]
`;
    expect(problems(yaml)).toEqual([
      '2:50 channels.one.fallback leads back to this channel',
      '3:50 channels.two.fallback leads back to this channel',
      '4:52 channels.three.fallback names no channel of this file',
      '6:14 route.channels.0 names no channel of this file',
    ]);
  });

  it('of a secret that is not there, or no secret, is told without it', () => {
    const yaml = `channels:
  hook: { type: webhook, url_env: HOOK, secret_env: SECRET }
route: { channels: [hook] }
`;
    expect(problems(yaml, { HOOK: 'https://example.com/hook' }).join()).toContain('SECRET, which is not set');
    const wrong = problems(yaml, { HOOK: 'not an address', SECRET: 'hunter2' }).join();
    expect(wrong).toContain('is no address');
    expect(wrong).not.toMatch(/not an address|hunter2/);
    expect(problems(yaml, { HOOK: 'https://example.com/hook', SECRET: secret })).toEqual([]);
  });

  it('of an URL or a password in the file itself is refused', () => {
    for (const line of ['url: "https://discord.com/api/webhooks/1/x"', 'url_env: HOOK, password: x']) {
      expect(problems(`channels:\n  d: { type: discord, ${line} }\nroute: { channels: [d] }\n`)).not.toEqual([]);
    }
  });

  it('of a password that would go without TLS is refused', () => {
    const email =
      'type: email, host: mail.example, from: a@example.com, to: [b@example.com], user: u, password_env: PASS';
    const file = (tls: string) => `channels:\n  mail: { ${email}, tls: ${tls} }\nroute: { channels: [mail] }\n`;
    expect(problems(file('none'), { PASS: 'x' }).join()).toContain('a password is not sent without TLS');
    expect(problems(file('starttls'), { PASS: 'x' })).toEqual([]);
  });
});
