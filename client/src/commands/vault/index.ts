import { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { vaultAuditCommand } from './audit.ts';
import { vaultBackupCommand } from './backup.ts';
import { vaultForgetCommand } from './forget.ts';
import { vaultKeysCommand } from './keys.ts';
import { vaultMergeCommand } from './merge.ts';
import { vaultPullCommand } from './pull.ts';
import { vaultPushCommand } from './push.ts';
import { vaultRekeyCommand } from './rekey.ts';
import { vaultRestoreCommand } from './restore.ts';
import { vaultRetokenCommand } from './retoken.ts';
import { vaultRewrapCommand } from './rewrap.ts';
import { vaultShowCommand } from './show.ts';
import { vaultStatsCommand } from './stats.ts';
import { vaultSweepCommand } from './sweep.ts';
import { vaultVerifyCommand } from './verify.ts';

const subcommands = [
  vaultStatsCommand,
  vaultVerifyCommand,
  vaultShowCommand,
  vaultForgetCommand,
  vaultSweepCommand,
  vaultAuditCommand,
  vaultRewrapCommand,
  vaultRekeyCommand,
  vaultRetokenCommand,
  vaultBackupCommand,
  vaultRestoreCommand,
  vaultMergeCommand,
  vaultKeysCommand,
  vaultPushCommand,
  vaultPullCommand,
] as const;

/** `sdp vault …`: each subcommand has a file of its own beside this one. */
export function vaultCommand(context: CommandContext): Command {
  const command = new Command('vault')
    .summary('look into the vault and look after it')
    .description(
      'Says what the vault holds, checks that it is whole, erases values, and keeps its keys and copies. Values are shown by `vault show` alone.',
    )
    .addHelpText('after', '\nExample:\n  $ sdp vault stats --vault token_vault.db\n');
  for (const subcommand of subcommands) command.addCommand(subcommand(context));
  return command;
}
