import { UsageError } from '@sdp/shared/errors';
import type { Command } from 'commander';
import { fileIdentity } from '../../files/index.ts';
import { loadMasterKey } from '../../keys/index.ts';
import { formatNumber } from '../../terminal/index.ts';
import { mergeVault } from '../../vault/maintenance/index.ts';
import { type CommandContext, pathFrom, vaultPathFrom } from '../context.ts';
import { loadOtherKey } from './other-key.ts';
import { type VaultFlags, vaultSubcommand } from './with-vault.ts';

interface MergeFlags extends VaultFlags {
  readonly from: string;
  readonly fromKeyFile?: string;
}

/** `sdp vault merge` */
export function vaultMergeCommand(context: CommandContext): Command {
  return vaultSubcommand('merge', 'take the entries of another vault in')
    .description(
      'Brings two machines’ vaults together that give the same tokens. The other vault is read as a whole and only read; what either has forgotten stays forgotten. Interrupted, it leaves a whole vault, and the next run goes on.',
    )
    .requiredOption('--from <file>', 'vault (or backup) whose entries come in')
    .option('--from-key-file <file>', 'master key of the other vault, where it is another one')
    .addHelpText('after', '\nExample:\n  $ sdp vault merge --from laptop_vault.db\n')
    .action((flags: MergeFlags) => merge(context, flags));
}

async function merge(context: CommandContext, flags: MergeFlags): Promise<void> {
  const { terminal, signal } = context;
  const path = vaultPathFrom(context, flags.vault);
  const from = pathFrom(context, flags.from);
  const identity = await fileIdentity(path);
  if (identity !== undefined && identity === (await fileIdentity(from))) {
    throw new UsageError('usage-invalid', {
      message: 'Both are the same vault',
      remedy: 'Name the other one with --from.',
    });
  }
  const masterKey = await loadMasterKey(context);
  const fromKey = await loadOtherKey(context, flags.fromKeyFile);
  const progress = terminal.progress('merging', { unit: 'blocks' });
  try {
    const { added, known, refused, erased } = await mergeVault(
      { path, masterKey, from: { path: from, masterKey: fromKey } },
      { onProgress: (done, total) => progress.update(done, total), signal },
    );
    progress.stop();
    terminal.result(
      [
        `${formatNumber(added)} entries came in; ${formatNumber(known)} were there already.`,
        ...(refused === 0 ? [] : [`${formatNumber(refused)} were left out: this vault has forgotten them.`]),
        ...(erased === 0 ? [] : [`${formatNumber(erased)} were erased here: the other vault has forgotten them.`]),
      ],
      { added, known, refused, erased },
    );
  } finally {
    progress.stop();
  }
}
