import type { Command } from 'commander';
import { loadMasterKey } from '../../keys/index.ts';
import { formatNumber } from '../../terminal/index.ts';
import { type RestoreOutcome, restoreVault } from '../../vault/maintenance/index.ts';
import { type CommandContext, pathForPeople, pathFrom, vaultPathFrom } from '../context.ts';
import { loadOtherKey } from './other-key.ts';
import { type VaultFlags, vaultSubcommand } from './with-vault.ts';

interface RestoreFlags extends VaultFlags {
  readonly input: string;
  readonly fromKeyFile?: string;
  readonly yes?: boolean;
}

/** `sdp vault restore` */
export function vaultRestoreCommand(context: CommandContext): Command {
  return vaultSubcommand('restore', 'put a backup in the place of the vault')
    .description(
      'Reads the whole backup first. What was forgotten since it was made stays forgotten, as far as the present vault can say. Entries that the backup lacks are given up only with --yes; `vault merge --from BACKUP` keeps both.',
    )
    .requiredOption('--input <file>', 'backup to restore')
    .option('--from-key-file <file>', 'master key of the backup, where it is an earlier one')
    .option('--yes', 'give up entries that the backup lacks; put a vault that cannot be read aside')
    .addHelpText('after', '\nExample:\n  $ sdp vault restore --input token_vault.backup\n')
    .action((flags: RestoreFlags) => restore(context, flags));
}

async function restore(context: CommandContext, flags: RestoreFlags): Promise<void> {
  const { terminal, signal } = context;
  const vaultPath = vaultPathFrom(context, flags.vault);
  const request = {
    input: pathFrom(context, flags.input),
    inputKey: await loadOtherKey(context, flags.fromKeyFile),
    vaultPath,
    masterKey: await loadMasterKey(context),
    confirmed: flags.yes ?? false,
  };
  const progress = terminal.progress('reading the backup', { unit: 'blocks' });
  try {
    const outcome = await restoreVault(request, {
      onProgress: (done, total) => progress.update(done, total),
      signal,
    });
    progress.stop();
    report(context, outcome, vaultPath);
  } finally {
    progress.stop();
  }
}

function report(context: CommandContext, outcome: RestoreOutcome, vaultPath: string): void {
  const { terminal } = context;
  const { backup, present, lost, erased, movedTo } = outcome;
  const madeAt = backup.madeAt === '' ? 'an unknown time' : backup.madeAt;
  if (present !== 'usable') {
    terminal.warn(
      `${present === 'none' ? 'no vault was there' : 'the vault that was there could not be read'} to say what was forgotten since ${madeAt}: forget it again`,
    );
  }
  terminal.result(
    [
      `${formatNumber(backup.entries - erased)} entries of ${madeAt} are in ${pathForPeople(context, vaultPath)}.`,
      ...(erased === 0 ? [] : [`${formatNumber(erased)} entries had been forgotten since and stayed so.`]),
      ...(lost === 0 ? [] : [`${formatNumber(lost)} entries of the vault before are given up.`]),
      ...(movedTo === undefined ? [] : ['', `former vault  ${pathForPeople(context, movedTo)}`]),
    ],
    {
      vault_id: backup.vaultId,
      backup_made_at: backup.madeAt || null,
      entries: backup.entries - erased,
      present,
      lost,
      erased,
      moved_to: movedTo ?? null,
      vault: vaultPath,
    },
  );
}
