import { SdpError, UsageError } from '@sdp/shared/errors';
import { Command, CommanderError, Option } from 'commander';
import { applyMigrations } from '../database/index.ts';
import { createLogger, type Logger } from '../observability/index.ts';
import { loadSettings, type Settings } from '../settings/index.ts';
import { alertsCommand } from './alerts-command.ts';
import { anomaliesCommand } from './anomalies-command.ts';
import { api } from './api.ts';
import { apiKeysCommand } from './api-keys-command.ts';
import { auditCommand } from './audit-command.ts';
import { backupCommand } from './backup-command.ts';
import { dataKeysCommand } from './data-keys-command.ts';
import { deadLettersCommand } from './dead-letters-command.ts';
import { integrityCommand } from './integrity-command.ts';
import { modelsCommand } from './models-command.ts';
import { openDatabase } from './open-database.ts';
import { printError, printLine } from './print.ts';
import { type WorkerRole, workerRoles } from './processing-types.ts';
import { produceCommand } from './produce-command.ts';
import { rulesCommand } from './rules-command.ts';
import { serve } from './serve.ts';
import { simulateCommand } from './simulate-command.ts';
import { topicsCommand } from './topics-command.ts';
import { usersCommand } from './users-command.ts';
import { version } from './version.ts';
import { worker } from './worker.ts';

type Run = (settings: Settings, logger: Logger) => Promise<number>;

/** Assembles the program; the environment is read when a command runs. */
export function createProgram(environment: NodeJS.ProcessEnv): Command {
  const load = () => loadSettings(environment).settings;
  const run = async (process_: Run): Promise<void> => {
    const { settings, warnings } = loadSettings(environment);
    const logger = createLogger({ level: settings.logLevel });
    for (const warning of warnings) logger.warn({}, warning);
    process.exitCode = await process_(settings, logger);
  };
  const program = new Command('sdp-server')
    .description('Takes batches of tokenized records, processes them and gives the results back')
    .version(version)
    .showHelpAfterError('(run with --help to see the options and an example)')
    .addHelpText('after', '\nExample:\n  $ SDP_API_KEY_FILE=api.key sdp-server serve');

  program
    .command('serve')
    .description('Run API and workers in one process; on an embedded PostgreSQL unless DB_DSN is set')
    .addHelpText('after', '\nExample:\n  $ SDP_ENV=dev SDP_API_KEY_FILE=api.key sdp-server serve')
    .action(() => run(serve));
  program
    .command('api')
    .description('Run the API alone')
    .addHelpText('after', '\nExample:\n  $ DB_DSN_FILE=dsn SDP_CRYPTO_KEY_FILE=server.key sdp-server api')
    .action(() => run(api));
  program
    .command('worker')
    .description('Run workers alone; any number of such processes share the batches')
    .addOption(
      new Option('--role <role>', `${workerRoles.join(', ')}; may be repeated; all where left out`).argParser(
        collectRole,
      ),
    )
    .addHelpText('after', '\nExample:\n  $ sdp-server worker --role scoring --role anomaly')
    .action(({ role }: { role?: WorkerRole[] }) =>
      run((settings, logger) => worker(settings, logger, role ?? workerRoles)),
    );
  program
    .command('migrate')
    .description('Bring the database to the present state; the other commands do so at start')
    .addHelpText('after', '\nExample:\n  $ DB_DSN_FILE=dsn SDP_CRYPTO_KEY_FILE=server.key sdp-server migrate')
    .action(() => migrate(load()));
  program.addCommand(alertsCommand(load, environment));
  program.addCommand(apiKeysCommand(load));
  program.addCommand(anomaliesCommand(load));
  program.addCommand(usersCommand(load, environment));
  program.addCommand(simulateCommand(load));
  program.addCommand(produceCommand(load));
  program.addCommand(topicsCommand(load));
  program.addCommand(deadLettersCommand(load));
  program.addCommand(modelsCommand(load));
  program.addCommand(auditCommand(load));
  program.addCommand(dataKeysCommand(load));
  program.addCommand(integrityCommand(load));
  program.addCommand(rulesCommand(load));
  program.addCommand(backupCommand(load));
  return program;
}

async function migrate(settings: Settings): Promise<void> {
  const { dsn, stop } = await openDatabase(settings, 'either');
  try {
    const applied = await applyMigrations(dsn);
    for (const name of applied) printLine(`applied ${name}`);
    if (applied.length === 0) printLine('The database is up to date.');
  } finally {
    await stop();
  }
}

function collectRole(value: string, previous: WorkerRole[] | undefined): WorkerRole[] {
  const role = workerRoles.find((each) => each === value);
  if (!role) throw new UsageError('usage-invalid', { message: `--role takes one of: ${workerRoles.join(', ')}` });
  return [...(previous ?? []), role];
}

/** Runs the program. Sets the exit status and leaves the process to end by itself, so that output is written whole. */
export async function main(argv: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  const program = createProgram(environment);
  try {
    for (const command of [program, ...program.commands, ...program.commands.flatMap((each) => each.commands)]) {
      command.exitOverride();
    }
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : new UsageError('usage-invalid').exitStatus;
      return;
    }
    const known =
      error instanceof SdpError
        ? error
        : new SdpError('internal', { message: `Something went wrong: ${nameOf(error)}` });
    printError(known);
    process.exitCode = known.exitStatus;
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown error';
}
