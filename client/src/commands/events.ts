import { Command } from 'commander';
import { fileSource, readEvents, takeInput } from '../events/index.ts';
import { inputStream } from '../files/index.ts';
import { type CommandContext, pathFrom, stdioPath } from './context.ts';
import { addInputFlags, type EventFlags } from './event-flags.ts';
import { type EventTuning, runEvents } from './event-run.ts';
import { addOutputFlags } from './output-flags.ts';

interface SendFlags extends EventFlags {
  readonly file: string;
}

/** `sdp events …`. */
export function eventsCommand(context: CommandContext, tuning: EventTuning = {}): Command {
  return new Command('events')
    .summary('send single events or a file of them')
    .description('Sends logs, metrics and transactions to the server, with tokens in the place of personal data.')
    .addHelpText('after', '\nExample:\n  $ sdp events send --file events.json --server-url https://sdp.example.com\n')
    .addCommand(sendCommand(context, tuning));
}

function sendCommand(context: CommandContext, tuning: EventTuning): Command {
  const command = new Command('send')
    .summary('send one event, a list of them, or one a line')
    .description(
      'Sends events from a file or stdin: one JSON object, a list, {"events": [...]}, or one a line. Events stand nowhere in the command line, which other users of the machine can read.',
    )
    .requiredOption('--file <path>', 'JSON or NDJSON; - for stdin');
  addInputFlags(command);
  return addOutputFlags(command)
    .addHelpText(
      'after',
      `
Example:
  $ echo '{"type":"log","level":"ERROR","message":"payment failed"}' | sdp events send --file - --server-url https://sdp.example.com
`,
    )
    .action(async (flags: SendFlags) => {
      const path = flags.file === stdioPath ? undefined : pathFrom(context, flags.file);
      await runEvents(
        context,
        flags,
        {
          label: 'sending',
          take: async ({ intake, treat, signal }) => {
            const source = path === undefined ? inputStream(context.stdin, signal).source : fileSource(path, signal);
            return await takeInput({ rows: readEvents(source), treat, intake, position: undefined, signal });
          },
        },
        tuning,
      );
    });
}
