import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import {
  clientIdSchema,
  durationText,
  type Event,
  type EventType,
  eventSchema,
  eventTypes,
} from '@sdp/shared/contracts';
import { ConfigError, InputError, type Finding as Mistake, UsageError } from '@sdp/shared/errors';
import { Command, Option } from 'commander';
import { type LoadedRules, loadRules, type Trial, type TriedBlock, tryRules } from '../analysis/index.ts';
import { applyMigrations, createPool } from '../database/index.ts';
import { readHistory } from '../events/index.ts';
import { openDataKeyRing } from '../records/index.ts';
import type { Settings } from '../settings/index.ts';
import { openDatabase } from './open-database.ts';
import { printLine } from './print.ts';
import { printTable } from './print-table.ts';

type Load = () => Settings;

interface TryOptions {
  readonly file?: string;
  readonly client?: string;
  readonly type?: EventType;
  readonly from?: Date;
  readonly to?: Date;
  readonly limit: number;
  readonly json: boolean;
}

/** `sdp-server rules check|try`. Neither changes anything; a server may be running. */
export function rulesCommand(load: Load): Command {
  const command = new Command('rules')
    .description('Check rules of anomalies, and show what they would have found')
    .addHelpText('after', '\nExample:\n  $ sdp-server rules check anomaly-rules.yml');
  command
    .command('check')
    .description('Say what is wrong with a file of rules, line by line, or list its rules; status 3 where anything is')
    .argument('<file>', 'file of rules')
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', '\nExample:\n  $ sdp-server rules check anomaly-rules.yml')
    .action((file: string, { json }: { json: boolean }) => check(file, json));
  command
    .command('try')
    .description("Show what rules would have found in a client's stored events, or in a file of events")
    .argument('<file>', 'file of rules')
    .option('--file <events>', 'events, one JSON object a line, in the order in which they came')
    .option('--client <id>', 'whose stored events; that of SDP_API_KEY where left out')
    .addOption(new Option('--type <type>', 'events of this type alone').choices(eventTypes))
    .option('--from <time>', 'events from this time on, by their own clock', time)
    .option('--to <time>', 'events before this time', time)
    .option('--limit <n>', 'findings to print', wholeNumber, 100)
    .option('--json', 'print one JSON object', false)
    .addHelpText(
      'after',
      '\nExample:\n  $ sdp-server rules try anomaly-rules.yml --type log --from 2026-03-01T00:00:00Z',
    )
    .action((file: string, options: TryOptions) => tryFile(load, file, options));
  return command;
}

async function check(path: string, json: boolean): Promise<void> {
  let loaded: LoadedRules;
  try {
    loaded = await loadRules(path);
  } catch (error) {
    const mistakes = error instanceof ConfigError ? error.details.findings : undefined;
    if (mistakes === undefined) throw error;
    if (json) printLine(JSON.stringify({ right: false, mistakes }));
    else for (const mistake of mistakes) printLine(mistakeLine(path, mistake));
    const many = mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`;
    throw new ConfigError('config-invalid', { message: `The file of rules has ${many}`, details: { file: path } });
  }
  const { rules } = loaded.rules;
  if (json) {
    printLine(
      JSON.stringify({ right: true, rules: rules.map(({ id, form, level }) => ({ id, form, severity: level })) }),
    );
    return;
  }
  printTable(
    ['RULE', 'FORM', 'EVENTS', 'BY', 'WITHIN', 'COOLDOWN', 'SEVERITY', 'JUDGED'],
    rules.map(({ id, form, types, groupBy, withinMs, cooldownMs, level, isLocal }) => [
      ...[id, form, types.join(', '), groupBy.join(', ')],
      ...[withinMs === 0 ? '' : durationText(withinMs), cooldownMs === 0 ? '' : durationText(cooldownMs)],
      ...[level, isLocal ? 'by partition' : 'together'],
    ]),
  );
  const off = loaded.file.rules.length - rules.length;
  printLine('');
  printLine(`The file is right: ${rules.length} rules${off > 0 ? `, and ${off} that are not enabled` : ''}.`);
}

/** As editors and compilers show places. */
function mistakeLine(path: string, { line, column, field, message }: Mistake): string {
  const place = [path, line, column].filter((part) => part !== undefined).join(':');
  return `${place}: ${field ? `${field}: ` : ''}${message}`;
}

async function tryFile(load: Load, path: string, options: TryOptions): Promise<void> {
  const { file } = await loadRules(path);
  const trial =
    options.file === undefined
      ? await tryStored(load(), file, options)
      : await tryRules(file, options.client ?? 'trial', fileBlocks(options.file, options), options.limit);
  if (options.json) printLine(JSON.stringify(toJson(trial)));
  else print(trial);
}

async function tryStored(settings: Settings, file: LoadedRules['file'], options: TryOptions): Promise<Trial> {
  const { type, from, to } = options;
  const clientId = clientIdSchema.safeParse(options.client ?? settings.bootstrap?.clientId);
  if (!clientId.success) throw new UsageError('usage-invalid', { message: '--client is to name whose stored events' });
  const { dsn, serverKey, stop } = await openDatabase(settings, 'either');
  const pool = createPool({ dsn, applicationName: 'sdp-server-rules', maxConnections: 2 });
  try {
    await applyMigrations(dsn);
    const history = readHistory(pool, await openDataKeyRing(pool, serverKey), {
      ...{ clientId: clientId.data, type, from, to },
    });
    return await tryRules(file, clientId.data, history, options.limit);
  } finally {
    await pool.end();
    await stop();
  }
}

/** An event came when it happened, or when the one before it came. */
async function* fileBlocks(path: string, { type, from, to }: TryOptions): AsyncGenerator<TriedBlock> {
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY });
  let receivedMs = Number.NEGATIVE_INFINITY;
  let line = 0;
  for await (const text of readable(lines)) {
    line += 1;
    if (text.trim() === '') continue;
    const event = eventOf(text, line);
    const atMs = Date.parse(event.at);
    if (type !== undefined && event.type !== type) continue;
    if (atMs < (from?.getTime() ?? atMs) || atMs >= (to?.getTime() ?? Number.POSITIVE_INFINITY)) continue;
    receivedMs = Math.max(receivedMs, atMs);
    yield { receivedAt: new Date(receivedMs), events: [event] };
  }
}

async function* readable(lines: AsyncIterable<string>): AsyncGenerator<string> {
  try {
    yield* lines;
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError('file-unreadable');
  }
}

function eventOf(text: string, line: number): Event {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const parsed = eventSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const fields = [...new Set(parsed.error.issues.map(({ path }) => path.map(String).join('.')))].filter(Boolean);
  const about = fields.length > 0 ? `: ${fields.slice(0, 10).join(', ')}` : '';
  throw new InputError('request-invalid', { message: `Line ${line} is no event${about}`, details: { row: line } });
}

function print({ events, repeats, late, counts, findings }: Trial): void {
  if (findings.length > 0) {
    printTable(
      ['AT', 'RULE', 'SEVERITY', 'WHAT'],
      findings.map(({ at, alertType, level, message }) => [at.toISOString(), alertType, level, message]),
    );
    printLine('');
  }
  printTable(
    ['RULE', 'FOUND', 'TOO LATE'],
    Object.entries(counts).map(([rule, count]) => [rule, count, late[rule] ?? 0]),
  );
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  printLine('');
  if (all > findings.length)
    printLine(`Of ${all} findings the first ${findings.length} are shown; --limit shows more.`);
  printLine(
    `${all === 1 ? '1 finding' : `${all} findings`} in ${events} events${repeats > 0 ? `; ${repeats} that came again were left out` : ''}.`,
  );
}

function toJson({ events, repeats, late, counts, findings }: Trial): object {
  return {
    ...{ events, repeats, late, counts },
    findings: findings.map(
      ({ at, alertType, level, title, message, userId, tags, metrics, explanation, evidence }) => ({
        ...{ at, rule: alertType, severity: level, title, message, user_id: userId, tags, metrics, explanation },
        event_ids: evidence.eventIds,
      }),
    ),
  };
}

function time(text: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) {
    throw new UsageError('usage-invalid', { message: 'A time is to be ISO 8601, such as 2026-03-01T00:00:00Z' });
  }
  return date;
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0 || number > 1_000_000) {
    throw new UsageError('usage-invalid', { message: '--limit takes a whole number up to 1000000' });
  }
  return number;
}
