import { InterruptedError, SdpError, UsageError } from '@sdp/shared/errors';
import { Command, CommanderError } from 'commander';
import { anonymizeCommand } from './commands/anonymize.ts';
import { batchStatusCommand } from './commands/batch-status.ts';
import type { CommandContext } from './commands/context.ts';
import { detokenizeCommand } from './commands/detokenize.ts';
import { doctorCommand } from './commands/doctor.ts';
import { eventsCommand } from './commands/events.ts';
import { gatewayCommand } from './commands/gateway.ts';
import { integrateResultsCommand } from './commands/integrate-results.ts';
import { keygenCommand } from './commands/keygen.ts';
import { previewCommand } from './commands/preview.ts';
import { privacyCommand } from './commands/privacy/index.ts';
import { scanCommand } from './commands/scan.ts';
import { spoolCommand } from './commands/spool.ts';
import { streamCommand } from './commands/stream.ts';
import { tokenizeConfigCommand } from './commands/tokenize-config.ts';
import { tokenizeCsvCommand } from './commands/tokenize-csv.ts';
import { uploadBatchCommand } from './commands/upload-batch.ts';
import { vaultCommand } from './commands/vault/index.ts';
import { StreamTerminal, type TerminalStream } from './terminal/index.ts';
import { toolVersion } from './version.ts';

/** Everything that `sdp` gets from its process. */
export interface ProgramSurroundings extends Omit<CommandContext, 'terminal' | 'stdout'> {
  readonly stdout: TerminalStream;
  readonly stderr: TerminalStream;
}

/** In the order in which they are used. */
const commands = [
  keygenCommand,
  previewCommand,
  scanCommand,
  tokenizeCsvCommand,
  tokenizeConfigCommand,
  uploadBatchCommand,
  batchStatusCommand,
  integrateResultsCommand,
  detokenizeCommand,
  anonymizeCommand,
  privacyCommand,
  eventsCommand,
  streamCommand,
  gatewayCommand,
  spoolCommand,
  vaultCommand,
  doctorCommand,
] as const;

/** The command tree; the reference in `docs/cli.md` is made from it as well. */
export function buildProgram(context: CommandContext): Command {
  const program = new Command('sdp')
    .description(
      'Secure Data Pipeline: replaces personal data in tables by tokens, has a server compute on those, and puts the results back into the original file. The originals never leave this machine.',
    )
    .version(toolVersion)
    .addHelpText(
      'after',
      `
Exit status: 0 done, 2 command line, 3 configuration or key, 4 input, 5 vault, 6 integrity, 7 unavailable (try again),
8 refused by the server, 9 requirement not met, 10 privacy budget spent, 130 interrupted, 1 anything unexpected.

Example:
  $ export SDP_CRYPTO_KEY="$(sdp keygen)"
  $ sdp tokenize-csv --input customers.csv --output customers_tok.csv --source-table customers --column email
`,
    );
  for (const command of commands) program.addCommand(command(context));
  return program;
}

/**
 * Runs `sdp` with the arguments behind its name.
 *
 * @returns the exit status; nothing is thrown, every failure has been printed
 */
export async function runProgram(args: readonly string[], surroundings: ProgramSurroundings): Promise<number> {
  const { stdout, stderr, signal } = surroundings;
  const terminal = new StreamTerminal({ stdout, stderr });
  // Before commander reads them, since its own complaints obey them too.
  const flags = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
  terminal.configure({ json: flags.includes('--json'), quiet: flags.includes('--quiet') });
  const program = buildProgram({ ...surroundings, terminal });
  prepare(program, 'sdp', terminal);
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    // What was under way failed because of the signal; a command that says itself how far it got is believed.
    const isToldByCommand = error instanceof InterruptedError;
    const failure = asSdpError(signal.aborted && !isToldByCommand ? signal.reason : error);
    terminal.error(failure);
    return failure.exitStatus;
  }
}

/** Has commander print through the terminal and throw instead of ending the process. */
function prepare(command: Command, path: string, terminal: StreamTerminal): void {
  command
    .configureOutput({
      writeOut: (text) => terminal.page(text, 'stdout'),
      writeErr: (text) => terminal.page(text, 'stderr'),
      outputError: () => undefined,
    })
    .exitOverride((error) => {
      if (error.code === 'commander.help') throw new CommanderError(2, error.code, error.message);
      if (error.exitCode === 0) throw error;
      throw new UsageError('usage-invalid', {
        message: error.message.replace(/^error: /, '').replaceAll('\n', ' '),
        remedy: `Run \`${path} --help\` to see its options and an example.`,
      });
    });
  for (const child of command.commands) prepare(child, `${path} ${child.name()}`, terminal);
}

/** What isn't one of our own errors is a defect. Its message may hold anything, so only its kind is told. */
function asSdpError(error: unknown): SdpError {
  if (error instanceof SdpError) return error;
  const name = error instanceof Error ? error.name : typeof error;
  return new SdpError('internal', {
    message: `Something went wrong inside SDP (${name})`,
    remedy: 'Report the command and its options, without any data. Nothing was written.',
  });
}
