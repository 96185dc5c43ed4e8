import { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { vaultAuditCommand } from './audit.ts';
import { vaultBackupCommand } from './backup.ts';
import { vaultKeysCommand } from './keys.ts';
import { vaultRekeyCommand } from './rekey.ts';
import { vaultRetokenCommand } from './retoken.ts';
import { vaultRewrapCommand } from './rewrap.ts';
import { vaultStatsCommand } from './stats.ts';
import { vaultVerifyCommand } from './verify.ts';

const subcommands = [
  vaultStatsCommand,
  vaultVerifyCommand,
  vaultAuditCommand,
  vaultRewrapCommand,
  vaultRekeyCommand,
  vaultRetokenCommand,
  vaultBackupCommand,
  vaultKeysCommand,
] as const;

/** `sdp vault …`: each subcommand has a file of its own beside this one. */
export function vaultCommand(context: CommandContext): Command {
  const command = new Command('vault')
    .summary('look into the vault')
    .description('Says what the vault holds and checks that it is whole. No value is ever shown.')
    .addHelpText('after', '\nExample:\n  $ sdp vault stats --vault token_vault.db\n');
  for (const subcommand of subcommands) command.addCommand(subcommand(context));
  return command;
}
