import { IntegrityError, UsageError } from '@sdp/shared/errors';
import { Command } from 'commander';
import { type Reject, Spool } from '../events/index.ts';
import { AtomicFile } from '../files/index.ts';
import { loadMasterKey } from '../keys/index.ts';
import { formatCount } from '../terminal/index.ts';
import { type CommandContext, pathForPeople, pathFrom } from './context.ts';
import { addDeliveryTimeout } from './event-flags.ts';
import { type EventTuning, runEvents } from './event-run.ts';
import { addOutputFlags } from './output-flags.ts';
import { addServerOptions, type ServerOptions } from './server-connection.ts';
import { addSpoolFolder, spoolPathFrom } from './spool-flags.ts';

interface SpoolFolderFlags {
  readonly spool?: string;
}

/** More than any spool: nothing is added here. */
const anySize = 1_048_576;

/** `sdp spool …`: what waits to be delivered, and what was refused. */
export function spoolCommand(context: CommandContext, tuning: EventTuning = {}): Command {
  const command = new Command('spool')
    .summary('look after events that wait to be delivered')
    .description(
      'Says what waits in a spool, sends it, gives it up, and lists the events that were refused. Needs the key that the spool was filled with.',
    )
    .addHelpText('after', '\nExample:\n  $ sdp spool status\n');
  return command
    .addCommand(statusCommand(context))
    .addCommand(flushCommand(context, tuning))
    .addCommand(rejectsCommand(context))
    .addCommand(purgeCommand(context));
}

function statusCommand(context: CommandContext): Command {
  const command = new Command('status')
    .summary('say what waits')
    .description('Says how many events wait, and since when.');
  return addOutputFlags(addSpoolFolder(command))
    .addHelpText('after', '\nExample:\n  $ sdp spool status --spool event_spool\n')
    .action((flags: SpoolFolderFlags) =>
      withSpool(context, flags, async (spool) => {
        await spool.peek(1, 1);
        const { events, bytes, oldestAt } = spool.state();
        const oldest = oldestAt === undefined ? undefined : new Date(oldestAt).toISOString();
        context.terminal.result(
          [
            {
              columns: ['spool', 'events waiting', 'bytes', 'oldest', 'refused'],
              rows: [[pathForPeople(context, spool.folder), events, bytes, oldest ?? '', spool.rejects.count]],
            },
          ],
          { spool: spool.folder, waiting: events, bytes, oldest: oldest ?? null, refused: spool.rejects.count },
        );
      }),
    );
}

function flushCommand(context: CommandContext, tuning: EventTuning): Command {
  const command = new Command('flush')
    .summary('send what waits')
    .description('Sends what waits, and ends when nothing is left or the server takes nothing for --timeout seconds.')
    .option('--vault <file>', 'vault that made the tokens (default: SDP_VAULT, else token_vault.db)');
  addDeliveryTimeout(addServerOptions(addSpoolFolder(command)));
  return addOutputFlags(command)
    .addHelpText('after', '\nExample:\n  $ sdp spool flush --server-url https://sdp.example.com\n')
    .action(async (flags: SpoolFolderFlags & ServerOptions & { readonly vault?: string; readonly timeout: number }) => {
      const source = { label: 'sending', take: async () => true };
      await runEvents(context, { ...flags, spoolMax: anySize, text: 'refuse', mustExist: true }, source, tuning);
    });
}

interface RejectsFlags extends SpoolFolderFlags {
  readonly output?: string;
  readonly clear?: boolean;
}

function rejectsCommand(context: CommandContext): Command {
  const command = new Command('rejects')
    .summary('list events that were refused')
    .description(
      'Lists where refused events stood in their input and why they were refused; never what they hold. --output writes them out, those refused here as they were read: the file holds whatever personal data they have.',
    )
    .option('--output <file>', 'NDJSON of the refused events and the reasons, for its owner alone')
    .option('--clear', 'forget them');
  return addOutputFlags(addSpoolFolder(command))
    .addHelpText('after', '\nExample:\n  $ sdp spool rejects --output rejected.ndjson --clear\n')
    .action((flags: RejectsFlags) => withSpool(context, flags, (spool) => tellRejects(context, spool, flags)));
}

const listed = 100;

async function tellRejects(context: CommandContext, spool: Spool, { output, clear }: RejectsFlags): Promise<void> {
  const { terminal } = context;
  const file = output === undefined ? undefined : await AtomicFile.create(pathFrom(context, output), { mode: 0o600 });
  const shown: Omit<Reject, 'event'>[] = [];
  let count = 0;
  try {
    for await (const { event, ...reject } of spool.rejects.read()) {
      count += 1;
      if (shown.length < listed) shown.push(reject);
      await file?.write(Buffer.from(`${JSON.stringify({ ...reject, event })}\n`, 'utf8'));
    }
    await file?.publish();
  } finally {
    await file?.discard();
  }
  if (clear === true) await spool.rejects.clear();
  const rows = shown.map(({ row = '', sequence = '', by = '', field = '', reason = '' }) => [
    row,
    sequence,
    by,
    field,
    reason,
  ]);
  terminal.result(
    [
      ...(rows.length === 0 ? [] : [{ columns: ['row', 'sequence', 'refused by', 'field', 'reason'], rows }, '']),
      count > listed ? `the first ${listed} of ${formatCount(count, 'event')}` : formatCount(count, 'refused event'),
    ],
    { refused: count, rejects: shown, cleared: clear === true, ...(output === undefined ? {} : { output }) },
  );
}

function purgeCommand(context: CommandContext): Command {
  const command = new Command('purge')
    .summary('give up what waits')
    .description(
      'Deletes the events that wait. They are gone for good; the refused ones stay, unless the spool is damaged.',
    )
    .option('--yes', 'say that this is meant');
  return addOutputFlags(addSpoolFolder(command))
    .addHelpText('after', '\nExample:\n  $ sdp spool purge --yes\n')
    .action(async (flags: SpoolFolderFlags & { readonly yes?: boolean }) => {
      if (flags.yes !== true) {
        throw new UsageError('usage-invalid', {
          message: 'Events that wait would be gone for good',
          remedy: 'Look at `sdp spool status`, and add --yes if that is meant.',
        });
      }
      try {
        await withSpool(context, flags, async (spool) => {
          const purged = await spool.purge();
          context.terminal.result(`${formatCount(purged, 'event was', 'events were')} given up`, { purged });
        });
      } catch (error) {
        if (!(error instanceof IntegrityError) || error.code !== 'spool-damaged') throw error;
        Spool.discard(spoolPathFrom(context, flags.spool));
        context.terminal.result('The damaged spool was given up, with all that was in it', { purged: null });
      }
    });
}

async function withSpool(
  context: CommandContext,
  flags: SpoolFolderFlags,
  work: (spool: Spool) => Promise<void>,
): Promise<void> {
  const masterKey = await loadMasterKey(context);
  const folder = spoolPathFrom(context, flags.spool);
  const spool = await Spool.open({ folder, masterKey, maxBytes: Number.MAX_SAFE_INTEGER, mustExist: true });
  try {
    await work(spool);
  } finally {
    await spool.close();
  }
}
