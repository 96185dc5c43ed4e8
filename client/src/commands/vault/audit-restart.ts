import type { Command } from 'commander';
import { parseReason, restartLog } from '../../audit/index.ts';
import { type CommandContext, pathForPeople, vaultPathFrom } from '../context.ts';
import { type VaultFlags, vaultSubcommand, withVault } from './with-vault.ts';

interface RestartFlags extends VaultFlags {
  readonly reason: string;
}

/** `sdp vault audit restart` */
export function auditRestartCommand(context: CommandContext): Command {
  return vaultSubcommand('restart', 'put the log aside and begin a new one')
    .description(
      'Puts the log aside under a name with the time, whatever state it is in, and begins a new one. The new log’s first line says who did it and why, and holds the digest of the old one. Needed after a log was damaged, since nothing is revealed before.',
    )
    .requiredOption('--reason <text>', 'why; stands in the first line of the new log')
    .addHelpText(
      'after',
      '\nExample:\n  $ sdp vault audit restart --reason "log cut off by a full disk, see ticket 4711"\n',
    )
    .action((flags: RestartFlags) =>
      withVault(context, flags, async (vault) => {
        const reason = parseReason(flags.reason) ?? '';
        const { path, aside } = await restartLog(context, vault, vaultPathFrom(context, flags.vault), reason);
        context.terminal.result(
          [
            ...(aside === undefined ? [] : [`old log  ${pathForPeople(context, aside)}`]),
            `new log  ${pathForPeople(context, path)}`,
          ],
          { log: path, old_log: aside ?? null },
        );
      }),
    );
}
