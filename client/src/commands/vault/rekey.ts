import type { Command } from 'commander';
import { formatNumber } from '../../terminal/index.ts';
import { type RekeyOutcome, rekeyVault } from '../../vault/maintenance/index.ts';
import type { CommandContext } from '../context.ts';
import { warnOfLeak } from '../warn-of-leak.ts';
import { type VaultFlags, vaultSubcommand } from './with-vault.ts';
import { withVaultFile } from './with-vault-file.ts';

/** `sdp vault rekey` */
export function vaultRekeyCommand(context: CommandContext): Command {
  return vaultSubcommand('rekey', 'change the data key')
    .description(
      'Seals every entry anew under a new data key and then erases the old one. Others may use the vault meanwhile. Interrupted, it leaves a whole vault, and the next run goes on. No token changes.',
    )
    .addHelpText('after', '\nExample:\n  $ sdp vault rekey --vault token_vault.db\n')
    .action((flags: VaultFlags) =>
      withVaultFile(context, flags, async (file) => {
        const { terminal, signal } = context;
        const progress = terminal.progress('sealing anew', { unit: 'blocks' });
        try {
          report(
            context,
            await rekeyVault(file, { onProgress: (done, total) => progress.update(done, total), signal }),
          );
        } finally {
          progress.stop();
        }
      }),
    );
}

function report({ terminal }: CommandContext, outcome: RekeyOutcome): void {
  const { resumed, blocks, keyId, erasedKeys, logEmptied } = outcome;
  if (!logEmptied) {
    terminal.info('another process reads the vault: the old key’s last copy goes when that closes it');
  }
  warnOfLeak(terminal, outcome.pendingAfterLeak);
  terminal.result(
    `${resumed ? 'Went on where an earlier run had stopped: ' : ''}${formatNumber(blocks)} ${blocks === 1 ? 'block' : 'blocks'} sealed anew under data key ${keyId}; ` +
      (erasedKeys.length === 0 ? 'no old key was left.' : `data key ${erasedKeys.join(', ')} is erased.`),
    {
      resumed,
      blocks,
      key_id: keyId,
      erased_keys: erasedKeys,
      log_emptied: logEmptied,
      pending_after_leak: [...outcome.pendingAfterLeak],
    },
  );
}
