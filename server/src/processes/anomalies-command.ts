import {
  type Anomaly,
  type AnomalyDetail,
  anomalyHandlingSchema,
  anomalyLevels,
  anomalyStateSchema,
} from '@sdp/shared/contracts';
import { UsageError } from '@sdp/shared/errors';
import { Command, Option } from 'commander';
import { z } from 'zod';
import { type Handling, handleAndRecord, listAnomalies, presentAnomaly, readAnomaly } from '../anomaly-events/index.ts';
import { createRecordAudit, type RecordAudit } from '../audit/index.ts';
import { checkMetadata } from '../batches/index.ts';
import { applyMigrations, createPool, type PoolClient, withTransaction } from '../database/index.ts';
import type { Settings } from '../settings/index.ts';
import { openDatabase } from './open-database.ts';
import { operator } from './operator.ts';
import { printLine } from './print.ts';
import { printTable } from './print-table.ts';

type Load = () => Settings;

interface ListOptions {
  readonly clientId?: string;
  readonly type?: string;
  readonly level?: Anomaly['alert_level'];
  readonly state?: Anomaly['state'];
  readonly userId?: string;
  readonly limit: string;
  readonly json: boolean;
}

/** `sdp-server anomalies list|show|acknowledge|resolve`: on the configured database, or the embedded one, running or not. */
export function anomaliesCommand(load: Load): Command {
  const command = new Command('anomalies')
    .description('See what detectors have found, and handle it')
    .addHelpText('after', '\nExample:\n  $ sdp-server anomalies list --state OPEN');
  command
    .command('list')
    .description('List anomalies, newest first')
    .option('--client-id <id>', 'of this client alone')
    .option('--type <type>', 'of this alert_type alone')
    .addOption(new Option('--level <level>', 'of this level alone').choices(anomalyLevels))
    .addOption(new Option('--state <state>', 'in this state alone').choices(anomalyStateSchema.options))
    .option('--user-id <token>', 'of this user alone')
    .option('--limit <n>', 'so many at most', '50')
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', '\nExample:\n  $ sdp-server anomalies list --level CRITICAL --state OPEN')
    .action((options: ListOptions) => inDatabase(load(), (tx) => list(tx, options)));
  command
    .command('show <anomaly-id>')
    .description('Show an anomaly with its reason, its evidence and its history')
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', '\nExample:\n  $ sdp-server anomalies show 8b1b9b27-6e8d-832d-8234-42512fd8ec89')
    .action((id: string, { json }: { json: boolean }) =>
      inDatabase(load(), async (tx) => print(await readAnomaly(tx, anomalyId(id)), json)),
    );
  for (const [deed, to, what] of [
    ['acknowledge', 'ACKNOWLEDGED', 'Say that somebody looks after an open anomaly'],
    ['resolve', 'RESOLVED', 'Close an anomaly: what comes back is another one'],
  ] as const) {
    command
      .command(`${deed} <anomaly-id>`)
      .description(what)
      .option('--note <text>', 'for people; no personal data')
      .option('--json', 'print one JSON object', false)
      .addHelpText('after', `\nExample:\n  $ sdp-server anomalies ${deed} 8b1b9b27-6e8d-832d-8234-42512fd8ec89`)
      .action((id: string, options: { note?: string; json: boolean }) =>
        inDatabase(load(), async (tx, recordAudit) => {
          const handling: Handling = { to, by: operator(), note: noteOf(options.note) };
          await handleAndRecord(tx, recordAudit, anomalyId(id), handling);
          print(await readAnomaly(tx, id), options.json);
        }),
      );
  }
  return command;
}

async function inDatabase(
  settings: Settings,
  work: (tx: PoolClient, recordAudit: RecordAudit) => Promise<void>,
): Promise<void> {
  const { dsn, serverKey, stop } = await openDatabase(settings, 'either');
  const pool = createPool({ dsn, applicationName: 'sdp-server-anomalies', maxConnections: 1 });
  try {
    await applyMigrations(dsn);
    await withTransaction(pool, (tx) => work(tx, createRecordAudit(serverKey)));
  } finally {
    await pool.end();
    await stop();
  }
}

async function list(tx: PoolClient, { limit, json, ...filter }: ListOptions): Promise<void> {
  const count = z.coerce.number().int().min(1).max(1_000).safeParse(limit);
  if (!count.success) throw invalid('--limit takes a whole number from 1 to 1000');
  const found = (await listAnomalies(tx, '*', { ...filter, limit: count.data })).map(presentAnomaly);
  if (json) {
    printLine(JSON.stringify({ anomalies: found }));
  } else if (found.length === 0) {
    printLine('There are no such anomalies.');
  } else {
    printTable(
      ['anomaly', 'at', 'client', 'level', 'state', 'title', 'user', 'repeats'],
      found.map((anomaly) => [
        ...[anomaly.anomaly_id, anomaly.timestamp, anomaly.client_id, anomaly.alert_level, anomaly.state],
        ...[anomaly.alert_title, anomaly.user_id ?? undefined, anomaly.repeats],
      ]),
    );
  }
}

function print(anomaly: AnomalyDetail, asJson: boolean): void {
  if (asJson) {
    printLine(JSON.stringify(anomaly));
    return;
  }
  const { evidence } = anomaly;
  printTable(
    ['of the anomaly', ''],
    [
      ['id', anomaly.anomaly_id],
      ['client', anomaly.client_id],
      ['at', anomaly.timestamp],
      ['level', anomaly.alert_level],
      ['title', anomaly.alert_title],
      ['message', anomaly.alert_message],
      ['user', anomaly.user_id ?? undefined],
      ['tags', pairs(anomaly.tags)],
      ['numbers', pairs(anomaly.metrics)],
      ['detector', `${anomaly.detector} ${anomaly.detector_version}`],
      ['because', JSON.stringify(anomaly.explanation)],
      [
        'events',
        `${evidence.count}, ${evidence.topic}/${evidence.partition} ${evidence.first_offset}–${evidence.last_offset}`,
      ],
      ['repeats', `${anomaly.repeats}, the last ${anomaly.last_at}`],
      ['state', anomaly.state],
    ],
  );
  printLine('');
  printTable(
    ['since', 'state', 'by', 'note'],
    anomaly.history.map(({ at, to, by, note }) => [at, to, `${by.kind} ${by.id}`, note ?? undefined]),
  );
}

function pairs(record: Readonly<Record<string, string | number>>): string {
  return Object.entries(record)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

function anomalyId(text: string): string {
  if (z.uuid().safeParse(text).success) return text;
  throw invalid('An anomaly is named by its id; `sdp-server anomalies list` shows them');
}

/** Held to what the API takes. */
function noteOf(text: string | undefined): string | null {
  const handling = anomalyHandlingSchema.safeParse({ note: text });
  if (!handling.success) throw invalid('--note takes up to 500 characters, none of them a control character');
  checkMetadata({ note: handling.data.note });
  return handling.data.note ?? null;
}

function invalid(message: string): UsageError {
  return new UsageError('usage-invalid', { message });
}
