import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateMasterKeyText } from '@sdp/shared/crypto';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { raiseAlert, startAlertWorker } from '../../src/alerts/index.ts';
import { loadAlerts } from '../../src/alerts/load-alerts.ts';
import { createPool } from '../../src/database/index.ts';
import { createLogger, createMetrics } from '../../src/observability/index.ts';
import { main } from '../../src/processes/main.ts';
import { settled } from '../alerts/alerting.ts';
import { type Receiver, startReceiver } from '../alerts/receivers.ts';

let database: TestDatabase;
let receiver: Receiver;
let folder: string;
let file: string;
beforeAll(async () => {
  database = await startTestDatabase();
  receiver = await startReceiver();
  folder = mkdtempSync(join(tmpdir(), 'sdp-alerts-command-'));
  file = join(folder, 'alerts.yml');
  writeFileSync(
    file,
    'channels:\n  discord: { type: discord, url_env: HOOK, allow_private_addresses: true }\nroute: { channels: [discord], group_wait: 0s }\n',
  );
});
afterAll(async () => {
  await database.stop();
  await receiver.close();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => {
  process.exitCode = undefined;
});

async function run(...argv: string[]): Promise<{ status: unknown; stdout: string; stderr: string }> {
  const written = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += String(text);
      return true;
    }),
  );
  await main(['alerts', ...argv], {
    ...{ DB_DSN: database.dsn, SDP_CRYPTO_KEY: generateMasterKeyText(), SDP_DATA_DIR: folder },
    ...{ SDP_ALERTS_FILE: file, HOOK: `${receiver.url}/secret-token` },
  });
  for (const spy of spies) spy.mockRestore();
  return { status: process.exitCode ?? 0, ...written };
}

it('a channel is tried out, and what went wrong is said without its address', async () => {
  const sent = await run('test', 'discord', '--json');
  expect([sent.status, JSON.parse(sent.stdout)]).toEqual([
    0,
    expect.objectContaining({ channel: 'discord', sent: true }),
  ]);
  expect(receiver.received[0]?.body.embeds[0].title).toBe('INFO: Test of this channel');
  receiver.answer = () => ({ status: 401 });
  const refused = await run('test', 'discord');
  expect([refused.status, refused.stdout]).toEqual([7, '']);
  expect(refused.stderr).toContain('did not arrive over discord: http-401');
  expect(refused.stderr).not.toContain('secret-token');
  expect((await run('test', 'pager')).status).toBe(2);
});

it('a file is checked, and mistakes are printed with their places', async () => {
  const good = await run('check', file);
  expect([good.status, good.stdout]).toEqual([0, expect.stringContaining('The file is valid.')]);
  const bad = join(folder, 'bad.yml');
  writeFileSync(bad, 'route:\n  channels: [nobody]\n');
  const wrong = await run('check', bad);
  expect([wrong.status, wrong.stdout]).toEqual([3, '']);
  expect(wrong.stderr).toContain(`${bad}:2:14: route.channels.0 names no channel of this file`);
});

it('alerts are listed with what became of them', async () => {
  receiver.answer = () => ({ status: 404 });
  const pool = createPool({ dsn: database.dsn, applicationName: 'test' });
  await raiseAlert(pool, {
    type: 'dead-letters',
    level: 'ERROR',
    title: 'Messages of logs',
    message: '',
    clientId: 'acme',
  });
  const worker = startAlertWorker({
    ...{ pool, retentionDays: 90, pollMs: 100, registry: createMetrics().registry },
    logger: createLogger({ level: 'silent' }),
    alerts: loadAlerts({ path: file, variable: () => receiver.url }),
  });
  await settled(pool);
  await worker.close(1_000);
  await pool.end();
  const { stdout } = await run('list', '--state', 'failed');
  expect(stdout).toMatch(
    /^AT +LEVEL +CLIENT +TYPE +TITLE +CHANNELS\n[─ ]+\n\d{4}-.* ERROR +acme +dead-letters +Messages of logs +discord failed \(http-404\)\n$/,
  );
  expect((await run('list', '--state', 'waiting')).stdout).toBe('There are no such alerts.\n');
});
