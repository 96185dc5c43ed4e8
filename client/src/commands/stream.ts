import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { InputError } from '@sdp/shared/errors';
import { Command, Option } from 'commander';
import { readEventConfig } from '../config/index.ts';
import { FilePosition, fileSource, readCells, readNdjson, type Spool, takeInput } from '../events/index.ts';
import { inputFileError, inputStream } from '../files/index.ts';
import { formatCount } from '../terminal/index.ts';
import { type CommandContext, pathFrom, stdioPath } from './context.ts';
import { addInputFlags, type EventFlags } from './event-flags.ts';
import { type EventTuning, type EventWay, runEvents } from './event-run.ts';
import { addOutputFlags } from './output-flags.ts';

interface StreamFlags extends EventFlags {
  readonly input: string;
  readonly format?: 'ndjson' | 'csv';
  readonly delimiter?: string;
  readonly restart?: boolean;
}

/** `sdp stream`: events from a pipe or a file, tokenized and sent as they are read. */
export function streamCommand(context: CommandContext, tuning: EventTuning = {}): Command {
  const command = new Command('stream')
    .summary('tokenize and send events as they come in')
    .description(
      'Reads logs, metrics or transactions from a pipe or a file, one a line, replaces personal data by tokens, and sends them to the server as they come in.\n\n' +
        'Events are in a spool on this disk before they count as taken, and leave it when the server has them: neither a crash nor a server that is away loses one. What may not leave is put aside, and `sdp spool rejects` says why.',
    )
    .option('--input <path>', 'file to read; - for stdin', stdioPath)
    .addOption(
      new Option('--format <name>', 'of the input (default: csv for a file called .csv, else ndjson)').choices([
        'ndjson',
        'csv',
      ]),
    )
    .option('--delimiter <char>', 'what separates the cells of CSV: one character, or "tab" (default: found out)')
    .option('--restart', 'read a file from its beginning, although an earlier run has taken it or a part of it');
  addInputFlags(command);
  return addOutputFlags(command)
    .addHelpText(
      'after',
      `
docs/streaming.md says what is replaced, how a configuration is written and what happens when something fails.

Examples:
  $ tail -n +1 -F app.log.ndjson | sdp stream --type log --server-url https://sdp.example.com

  $ sdp stream --input payments.csv --config payments_events.yml --server-url https://sdp.example.com
`,
    )
    .action((flags: StreamFlags) => stream(context, flags, tuning));
}

async function stream(context: CommandContext, flags: StreamFlags, tuning: EventTuning): Promise<void> {
  const path = flags.input === stdioPath ? undefined : pathFrom(context, flags.input);
  // Before anything is opened: a file that isn't there makes no spool.
  if (path !== undefined) await assertReadable(path);
  await runEvents(
    context,
    flags,
    {
      label: 'streaming',
      ...(path === undefined
        ? {}
        : { position: (spool: Spool) => positionIn(context, path, spool, flags.restart ?? false) }),
      take: (way) => take(context, flags, path, way),
    },
    tuning,
  );
}

async function take(
  context: CommandContext,
  flags: StreamFlags,
  path: string | undefined,
  { intake, treat, position, signal }: EventWay,
): Promise<boolean> {
  const source = path === undefined ? inputStream(context.stdin, signal).source : fileSource(path, signal);
  const format = flags.format ?? (/\.csv$/i.test(path ?? '') ? 'csv' : 'ndjson');
  const isMapped =
    flags.config !== undefined && (await readEventConfig(pathFrom(context, flags.config))).mapping !== undefined;
  const delimiter = flags.delimiter === 'tab' ? '\t' : flags.delimiter;
  const rows = format === 'csv' ? readCells(source, { delimiter, eventFields: !isMapped }) : readNdjson(source);
  return await takeInput({ rows, treat, intake, position, signal });
}

async function positionIn(
  { terminal }: CommandContext,
  path: string,
  spool: Spool,
  restart: boolean,
): Promise<FilePosition> {
  const position = await FilePosition.of(resolve(path), spool, { restart });
  if (position.takenRows > 0) {
    terminal.info(`going on behind ${formatCount(position.takenRows, 'row')} that an earlier run has taken`);
  }
  return position;
}

async function assertReadable(path: string): Promise<void> {
  const stats = await stat(path).catch((error: unknown) => {
    throw inputFileError(error, path);
  });
  if (stats.isDirectory()) {
    throw new InputError('file-unreadable', { message: 'The input is a folder', details: { file: path } });
  }
}
