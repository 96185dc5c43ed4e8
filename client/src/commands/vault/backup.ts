import { UsageError } from '@sdp/shared/errors';
import type { Command } from 'commander';
import { fileIdentity } from '../../files/index.ts';
import { loadMasterKey } from '../../keys/index.ts';
import { formatNumber } from '../../terminal/index.ts';
import { backupVault } from '../../vault/maintenance/index.ts';
import { type CommandContext, pathForPeople, pathFrom, vaultPathFrom } from '../context.ts';
import { type VaultFlags, vaultSubcommand } from './with-vault.ts';

interface BackupFlags extends VaultFlags {
  readonly output: string;
}

/** `sdp vault backup` */
export function vaultBackupCommand(context: CommandContext): Command {
  return vaultSubcommand('backup', 'copy the vault, and check the copy')
    .description(
      'Writes a copy of the vault as it stands at one moment, while others may write, and reads all of it back before it gets its name. It is sealed as the vault is and opens with the present master key: keep that too, and not beside it.',
    )
    .requiredOption('--output <file>', 'file to write, replaced if it is there')
    .addHelpText('after', '\nExample:\n  $ sdp vault backup --output token_vault.backup\n')
    .action((flags: BackupFlags) => backup(context, flags));
}

async function backup(context: CommandContext, flags: BackupFlags): Promise<void> {
  const { terminal, signal } = context;
  const vaultPath = vaultPathFrom(context, flags.vault);
  const output = pathFrom(context, flags.output);
  const identity = await fileIdentity(vaultPath);
  if (output === vaultPath || (identity !== undefined && identity === (await fileIdentity(output)))) {
    throw new UsageError('usage-invalid', {
      message: 'The backup would replace the vault',
      remedy: 'Name another file.',
    });
  }
  const masterKey = await loadMasterKey(context);
  const progress = terminal.progress('reading the copy back', { unit: 'blocks' });
  try {
    const description = await backupVault(
      { vaultPath, masterKey, output },
      { onProgress: (done, total) => progress.update(done, total), signal },
    );
    progress.stop();
    terminal.result(
      `${formatNumber(description.entries)} entries of vault ${description.vaultId} are in ${pathForPeople(context, output)}, read back and whole.`,
      {
        vault_id: description.vaultId,
        made_at: description.madeAt,
        entries: description.entries,
        blocks: description.blocks,
        tombstones: description.tombstones,
        output,
      },
    );
  } finally {
    progress.stop();
  }
}
