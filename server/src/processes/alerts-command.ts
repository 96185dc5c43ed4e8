import { randomUUID } from 'node:crypto';
import { ConfigError, UnavailableError, UsageError } from '@sdp/shared/errors';
import { Command, Option } from 'commander';
import { type AlertsConfig, createChannel, listAlerts, loadAlerts, testMessage } from '../alerts/index.ts';
import { applyMigrations, createPool } from '../database/index.ts';
import type { Settings } from '../settings/index.ts';
import { listNotifications, printRoutes } from './alerts-tables.ts';
import { openDatabase } from './open-database.ts';
import { printLine } from './print.ts';
import { printTable } from './print-table.ts';

type Load = () => Settings;

const states = ['waiting', 'sending', 'delivered', 'silenced', 'failed'] as const;

/** `sdp-server alerts …`. */
export function alertsCommand(load: Load, environment: NodeJS.ProcessEnv): Command {
  const json = ['--json', 'print one JSON object', false] as const;
  const command = new Command('alerts')
    .description('Check who is told of what, try channels out, and see what people were told')
    .addHelpText('after', '\nExample:\n  $ sdp-server alerts test discord');
  command
    .command('check <file>')
    .description('Check a file of alerts; exits with 3 if anything is wrong, and says where')
    .option(...json)
    .addHelpText('after', '\nExample:\n  $ sdp-server alerts check configs/alerts.yml')
    .action((file: string, options: { json: boolean }) => check(file, environment, options.json));
  command
    .command('test <channel>')
    .description(
      'Send a test message over a channel of the file that the server uses; exits with 7 if it does not arrive',
    )
    .option(...json)
    .addHelpText('after', '\nExample:\n  $ DISCORD_WEBHOOK_URL=… sdp-server alerts test discord')
    .action((channel: string, options: { json: boolean }) => test(load(), channel, options.json));
  command
    .command('list')
    .description('List alerts, newest first, with what became of them on each channel')
    .addOption(new Option('--state <state>', 'only what came to this on a channel').choices(states))
    .option('--channel <name>', 'only what went to this channel')
    .option('--limit <count>', 'how many', '20')
    .option(...json)
    .addHelpText('after', '\nExample:\n  $ sdp-server alerts list --state failed')
    .action((options: ListOptions) => list(load(), options));
  return command;
}

/** A file can be checked where its secrets are not: whether they are there is shown. */
function check(file: string, environment: NodeJS.ProcessEnv, json: boolean): void {
  let config: AlertsConfig;
  try {
    config = loadAlerts({ path: file, variable: () => undefined, withSecrets: false }).config;
  } catch (error) {
    if (!(error instanceof ConfigError) || error.code !== 'config-invalid') throw error;
    throw new ConfigError('config-invalid', { message: placesOf(file, error), details: error.details });
  }
  if (json) printLine(JSON.stringify({ valid: true, channels: config.channels.map(({ name }) => name) }));
  else printRoutes(config, (name) => environment[name] !== undefined);
}

/** As editors and compilers print them: one a line, each with its place. */
function placesOf(file: string, { details, message }: ConfigError): string {
  const places = (details.findings ?? []).map(
    ({ line, column, field = '', message: what }) => `${file}:${line ?? 1}:${column ?? 1}: ${field} ${what}`,
  );
  return places.length === 0 ? message : `The file is not valid\n${places.join('\n')}`;
}

async function test(settings: Settings, name: string, json: boolean): Promise<void> {
  const { file, variable } = settings.alerts;
  const { channels, absent } = loadAlerts({ path: file, variable });
  const opened = channels.find(({ config }) => config.name === name);
  if (!opened) {
    const known = channels.map(({ config }) => config.name).join(', ') || 'none';
    throw new UsageError('usage-invalid', {
      message: absent.includes(name)
        ? `The channel ${name} is left out: its secret is not set`
        : `There is no channel of that name; there are: ${known}`,
    });
  }
  const channel = createChannel(opened);
  const begun = performance.now();
  const outcome = await channel.send(testMessage(randomUUID(), new Date()));
  await channel.close();
  const seconds = Math.round((performance.now() - begun) / 10) / 100;
  if (outcome.kind !== 'sent') {
    throw new UnavailableError('alert-not-delivered', {
      message: `The test message did not arrive over ${name}: ${outcome.reason}`,
    });
  }
  if (json) printLine(JSON.stringify({ channel: name, sent: true, seconds }));
  else printTable(['CHANNEL', 'TYPE', 'OUTCOME', 'SECONDS'], [[name, opened.config.type, 'sent', seconds]]);
}

interface ListOptions {
  readonly state?: (typeof states)[number];
  readonly channel?: string;
  readonly limit: string;
  readonly json: boolean;
}

async function list(settings: Settings, { state, channel, limit, json }: ListOptions): Promise<void> {
  if (!/^[1-9]\d{0,3}$/.test(limit)) throw new UsageError('usage-invalid', { message: '--limit takes 1 to 9999' });
  const { dsn, stop } = await openDatabase(settings, 'either');
  const pool = createPool({ dsn, applicationName: 'sdp-server-alerts', maxConnections: 2 });
  try {
    await applyMigrations(dsn);
    const found = await listAlerts(pool, { state: state?.toUpperCase(), channel, limit: Number(limit) });
    if (json) printLine(JSON.stringify({ notifications: found }));
    else listNotifications(found);
  } finally {
    await pool.end();
    await stop();
  }
}
