import { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { auditRestartCommand } from './audit-restart.ts';
import { auditShowCommand } from './audit-show.ts';
import { auditVerifyCommand } from './audit-verify.ts';

/** `sdp vault audit …`: the log of reveals. */
export function vaultAuditCommand(context: CommandContext): Command {
  return new Command('audit')
    .summary('see and check the log of reveals')
    .description(
      'Every command that takes values out of the vault writes a line into its audit log first: who, when, what and why. The lines are a chain that only the vault’s key can continue, and its end is remembered in another place.',
    )
    .addHelpText('after', '\nExample:\n  $ sdp vault audit verify --vault token_vault.db\n')
    .addCommand(auditVerifyCommand(context))
    .addCommand(auditShowCommand(context))
    .addCommand(auditRestartCommand(context));
}
