import { userNameSchema } from '@sdp/shared/contracts';
import { RejectedError, UsageError } from '@sdp/shared/errors';
import { Command } from 'commander';
import { createRecordAudit } from '../audit/index.ts';
import { applyMigrations, createPool } from '../database/index.ts';
import { createIdentity, type Identity, presentUser, type UserRow } from '../identity/index.ts';
import type { Settings } from '../settings/index.ts';
import { newPassword } from './new-password.ts';
import { openDatabase } from './open-database.ts';
import { operator } from './operator.ts';
import { type OwnerOptions, ownerOfOptions, withOwnerOptions } from './owner-options.ts';
import { printLine } from './print.ts';
import { printTable } from './print-table.ts';

type Load = () => Settings;

interface PasswordOptions {
  readonly fromFile?: string;
}

interface AddOptions extends OwnerOptions, PasswordOptions {
  readonly elsewhere: boolean;
  readonly json: boolean;
}

const fromFile = ['--from-file <file>', 'file whose first line is the password; asked for where left out'] as const;

/** `sdp-server users …`: on the configured database, or the embedded one, running or not. */
export function usersCommand(load: Load, environment: NodeJS.ProcessEnv): Command {
  const command = new Command('users')
    .description('Make, list and change users who sign in')
    .addHelpText('after', '\nExample:\n  $ sdp-server users list');
  const changing = (work: (identity: Identity, user: UserRow) => Promise<string>) => (name: string) =>
    withIdentity(load(), async (identity) => printLine(await work(identity, await named(identity, name))));

  withOwnerOptions(command.command('add <name>'))
    .description('Make a user; the password is good for choosing another one at the first sign-in')
    .option(...fromFile)
    .option(
      '--elsewhere',
      'no password: the user signs in with the service of SDP_OIDC_ISSUER, by this name there',
      false,
    )
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', '\nExample:\n  $ sdp-server users add ana@example.org --role Admin --all-tenants')
    .action((name: string, options: AddOptions) => add(name, options));
  command
    .command('list')
    .description('List users')
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', '\nExample:\n  $ sdp-server users list')
    .action(({ json }: { json: boolean }) => withIdentity(load(), (identity) => list(identity, json)));
  withOwnerOptions(command.command('set-role <name>'))
    .description('Give a user another role or other clients; ends the user’s sessions')
    .addHelpText('after', '\nExample:\n  $ sdp-server users set-role ana@example.org --role DataAnalyst --tenant acme')
    .action((name: string, options: OwnerOptions) =>
      changing(async ({ accounts }, { user_id: id }) => {
        const { role } = await accounts.change(operator(), id, { owner: ownerOfOptions(options) });
        return `The user is ${role} now.`;
      })(name),
    );
  for (const [verb, state, does] of [
    ['disable', 'disabled', 'Let a user sign in no more; ends the user’s sessions'],
    ['enable', 'active', 'Let a disabled user sign in again'],
  ] as const) {
    command
      .command(`${verb} <name>`)
      .description(does)
      .addHelpText('after', `\nExample:\n  $ sdp-server users ${verb} ana@example.org`)
      .action(
        changing(async ({ accounts }, { user_id: id }) => {
          await accounts.change(operator(), id, { state });
          return `The user is ${verb}d.`;
        }),
      );
  }
  command
    .command('reset-password <name>')
    .description('Give a user a password, good for choosing another one; ends the user’s sessions')
    .option(...fromFile)
    .addHelpText('after', '\nExample:\n  $ sdp-server users reset-password ana@example.org --from-file first.txt')
    .action((name: string, { fromFile: file }: PasswordOptions) =>
      changing(async ({ accounts }, { user_id: id }) => {
        await accounts.resetPassword(operator(), id, await newPassword(file, environment));
        return 'The password is set; the first sign-in with it takes another one.';
      })(name),
    );
  command
    .command('reset-second-factor <name>')
    .description('Take away a second factor that was lost; ends the user’s sessions')
    .addHelpText('after', '\nExample:\n  $ sdp-server users reset-second-factor ana@example.org')
    .action(
      changing(async ({ accounts }, { user_id: id }) => {
        await accounts.resetSecondFactor(operator(), id);
        return 'The user signs in with the password alone.';
      }),
    );

  async function add(name: string, options: AddOptions): Promise<void> {
    if (options.role === undefined) throw new UsageError('usage-invalid', { message: '--role is missing' });
    const owner = ownerOfOptions(options);
    if (!userNameSchema.safeParse(name).success) {
      throw new UsageError('usage-invalid', { message: 'A name has letters, digits and . _ @ + -, 2 to 100' });
    }
    const password = options.elsewhere ? undefined : await newPassword(options.fromFile, environment);
    await withIdentity(load(), async ({ accounts }) => {
      const user = await accounts.add(operator(), name, owner, password);
      if (options.json) printLine(JSON.stringify(presentUser(user)));
      else if (options.elsewhere) printLine(`Made ${user.name}, ${user.role}, who signs in elsewhere.`);
      else printLine(`Made ${user.name}, ${user.role}; the first sign-in takes another password.`);
    });
  }
  return command;
}

async function withIdentity(settings: Settings, work: (identity: Identity) => Promise<void>): Promise<void> {
  const { dsn, serverKey, stop } = await openDatabase(settings, 'either');
  const pool = createPool({ dsn, applicationName: 'sdp-server-users', maxConnections: 2 });
  try {
    await applyMigrations(dsn);
    const recordAudit = createRecordAudit(serverKey);
    await work(createIdentity({ pool, serverKey, recordAudit, sessionLimits: settings.sessions }));
  } finally {
    await pool.end();
    await stop();
  }
}

/** @throws {RejectedError} `not-found` */
async function named({ users }: Identity, name: string): Promise<UserRow> {
  const user = await users.findByName(name);
  if (user) return user;
  throw new RejectedError('not-found', {
    message: 'There is no user of this name',
    remedy: '`sdp-server users list` shows the names.',
  });
}

const pageSize = 200;

async function list({ users }: Identity, asJson: boolean): Promise<void> {
  const all: UserRow[] = [];
  for (;;) {
    const page = await users.list('*', all.at(-1)?.name, pageSize);
    all.push(...page);
    if (page.length < pageSize) break;
  }
  const shown = all.map(presentUser);
  if (asJson) return printLine(JSON.stringify({ users: shown }));
  if (shown.length === 0) return printLine('There are no users.');
  printTable(
    ['name', 'role', 'clients', 'state', 'password', 'second factor', 'made'],
    shown.map((user) => [
      user.name,
      user.role,
      user.tenants === '*' ? 'all' : user.tenants.join(', '),
      user.state,
      user.has_password ? 'yes' : 'no',
      user.has_second_factor ? 'yes' : 'no',
      user.created_at.slice(0, 10),
    ]),
  );
}
