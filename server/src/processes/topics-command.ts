import { GateError } from '@sdp/shared/errors';
import { Command } from 'commander';
import { EmbeddedTopicAdmin, type TopicAdmin } from '../bus/index.ts';
import { applyMigrations, createPool } from '../database/index.ts';
import { createLogger } from '../observability/index.ts';
import type { Settings } from '../settings/index.ts';
import { applyTopics, findTopicDrift, loadAccess, type TopicDrift } from '../topics/index.ts';
import { openDatabase } from './open-database.ts';
import { topicsOf } from './platform.ts';
import { printLine } from './print.ts';
import { printTable } from './print-table.ts';

type Load = () => Settings;

interface PlanOptions {
  readonly requireClean: boolean;
  readonly json: boolean;
}

interface ApplyOptions {
  readonly addPartitions: boolean;
  readonly json: boolean;
}

/** `sdp-server topics plan|apply|acls`: on Kafka, or on the bus in PostgreSQL; a server may be running. */
export function topicsCommand(load: Load): Command {
  const command = new Command('topics')
    .description('Compare topics with the topics file, make and change them, and print access rules')
    .addHelpText('after', '\nExample:\n  $ sdp-server topics plan');
  command
    .command('plan')
    .description('Show how topics differ from the topics file; changes nothing')
    .option('--require-clean', 'end with status 9 where anything differs', false)
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', '\nExample:\n  $ sdp-server topics plan --require-clean')
    .action((options: PlanOptions) => plan(load(), options));
  command
    .command('apply')
    .description('Make topics that are missing, and set what differs; status 9 where something is left')
    .option(
      '--add-partitions',
      'also add partitions: keys move to other ones, so stop who reads and writes before',
      false,
    )
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', '\nExample:\n  $ sdp-server topics apply')
    .action((options: ApplyOptions) => apply(load(), options));
  command
    .command('acls')
    .description('Print the access rules as commands of kafka-acls.sh')
    .option('--command-config <file>', 'settings by which kafka-acls.sh reaches the broker')
    .addHelpText('after', '\nExample:\n  $ sdp-server topics acls --command-config admin.properties | sh')
    .action((options: { commandConfig?: string }) => acls(load(), options.commandConfig));
  return command;
}

async function plan(settings: Settings, { requireClean, json }: PlanOptions): Promise<void> {
  const { topics } = topicsOf(settings);
  const drift = await withTopics(settings, (admin) => findTopicDrift(admin, topics));
  if (json) printLine(JSON.stringify({ bus: busOf(settings), topics: topics.length, drift: drift.map(toJson) }));
  else if (drift.length === 0) printLine(`All ${topics.length} topics are as the topics file says.`);
  else {
    printDrift(drift);
    printLine('');
    printLine(summary(drift, topics.length));
  }
  if (requireClean && drift.length > 0) throw gate(drift, 'sdp-server topics apply');
}

async function apply(settings: Settings, { addPartitions, json }: ApplyOptions): Promise<void> {
  const { topics } = topicsOf(settings);
  const { done, left } = await withTopics(settings, (admin) => applyTopics(admin, topics, { addPartitions }));
  if (json) printLine(JSON.stringify({ bus: busOf(settings), done: done.map(toJson), left: left.map(toJson) }));
  else {
    for (const each of done) printLine(doneLine(each));
    if (left.length > 0) printDrift(left);
    else printLine(`All ${topics.length} topics are as the topics file says.`);
  }
  if (left.length > 0) throw gate(left);
}

function acls(settings: Settings, commandConfig: string | undefined): void {
  const option = commandConfig === undefined ? '' : ` --command-config ${quoted(commandConfig)}`;
  for (const each of loadAccess(settings.topics.accessFile).kafkaAclCommands()) printLine(`${each}${option}`);
}

async function withTopics<T>(settings: Settings, work: (admin: TopicAdmin) => Promise<T>): Promise<T> {
  const { kafka, busRetentionDays } = settings;
  if (kafka !== undefined) {
    const { KafkaTopicAdmin } = await import('../bus/kafka/index.ts');
    const admin = new KafkaTopicAdmin({ ...kafka, logger: createLogger({ level: 'silent' }) });
    return work(admin).finally(() => admin.close());
  }
  const { dsn, stop } = await openDatabase(settings, 'either');
  const pool = createPool({ dsn, applicationName: 'sdp-server-topics', maxConnections: 1 });
  try {
    await applyMigrations(dsn);
    return await work(new EmbeddedTopicAdmin(pool, busRetentionDays));
  } finally {
    await pool.end();
    await stop();
  }
}

const verbs: Readonly<Record<TopicDrift['action'], string>> = {
  create: 'make it',
  set: 'set it',
  'add-partitions': 'add partitions',
  impossible: 'nothing',
};

function printDrift(drift: readonly TopicDrift[]): void {
  printTable(
    ['TOPIC', 'WHAT', 'IS', 'SHOULD BE', 'APPLY WILL'],
    drift.map(({ topic, setting, is, shouldBe, action, note }) => [
      ...[topic, setting, is, shouldBe],
      note === undefined ? verbs[action] : `${verbs[action]} (${note})`,
    ]),
  );
}

function doneLine({ topic, setting, is, shouldBe, action }: TopicDrift): string {
  return action === 'create' ? `made ${topic}: ${shouldBe}` : `changed ${topic}: ${setting} from ${is} to ${shouldBe}`;
}

function summary(drift: readonly TopicDrift[], topics: number): string {
  const differing = new Set(drift.map(({ topic }) => topic)).size;
  const impossible = drift.filter(({ action }) => action === 'impossible').length;
  const note = impossible === 0 ? '' : `; ${impossible} of the differences cannot be helped by apply`;
  return `${differing} of ${topics} topics differ from the topics file${note}.`;
}

function gate(drift: readonly TopicDrift[], command?: string): GateError {
  const count = new Set(drift.map(({ topic }) => topic)).size;
  return new GateError('gate-not-met', {
    message: `${count === 1 ? '1 topic differs' : `${count} topics differ`} from the topics file`,
    remedy: command === undefined ? 'Change what the table names, or the topics file.' : `Run \`${command}\`.`,
    details: { count },
  });
}

function toJson({ topic, setting, is, shouldBe, action, note }: TopicDrift) {
  return { topic, setting, is, should_be: shouldBe, action, ...(note !== undefined && { note }) };
}

function busOf({ kafka }: Settings): string {
  return kafka === undefined ? 'embedded' : 'kafka';
}

/** For a shell. */
function quoted(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
