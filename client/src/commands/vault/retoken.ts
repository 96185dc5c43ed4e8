import { UsageError } from '@sdp/shared/errors';
import type { Command } from 'commander';
import { loadMasterKey } from '../../keys/index.ts';
import { formatNumber } from '../../terminal/index.ts';
import { type RetokenOutcome, retokenVault } from '../../vault/maintenance/index.ts';
import { type CommandContext, pathForPeople, pathFrom, vaultPathFrom } from '../context.ts';
import { warnOfLeak } from '../warn-of-leak.ts';
import { type VaultFlags, vaultSubcommand } from './with-vault.ts';

interface RetokenFlags extends VaultFlags {
  readonly map?: string;
  readonly yes?: boolean;
}

/** `sdp vault retoken` */
export function vaultRetokenCommand(context: CommandContext): Command {
  return vaultSubcommand('retoken', 'change the token key, and with it every token')
    .description(
      'Makes a new token key and gives every value its new token. Files that were tokenized before can’t be joined with later ones nor detokenized any more: detokenize them first, or keep a map. Interrupted, it leaves a whole vault, and the next run goes on.',
    )
    .option('--map <file>', 'write which token became which, as CSV for its owner alone')
    .option('--yes', 'confirm that joins with earlier files may break')
    .addHelpText(
      'after',
      `
Hashes, format-preserving encryption and shifted dates hang on another key and stay as they are; surrogates (cards)
stay too. Other machines’ vaults go on giving the old tokens until they import this vault’s keys into a new one.

Example:
  $ sdp vault retoken --map old-to-new.csv --yes
`,
    )
    .action((flags: RetokenFlags) => retoken(context, flags));
}

async function retoken(context: CommandContext, flags: RetokenFlags): Promise<void> {
  const { terminal, signal } = context;
  if (!flags.yes) {
    throw new UsageError('confirmation-needed', {
      message: 'Every token changes: earlier files can no longer be joined with later ones, nor detokenized',
      remedy: 'Detokenize what you still need, or have a map written with --map FILE; then add --yes.',
    });
  }
  const masterKey = await loadMasterKey(context);
  const mapPath = flags.map === undefined ? undefined : pathFrom(context, flags.map);
  const progress = terminal.progress('changing tokens', { unit: 'blocks' });
  try {
    const outcome = await retokenVault(
      { path: vaultPathFrom(context, flags.vault), masterKey, ...(mapPath === undefined ? {} : { mapPath }) },
      { onProgress: (done, total) => progress.update(done, total), signal },
    );
    progress.stop();
    report(context, outcome, mapPath);
  } finally {
    progress.stop();
  }
}

function report(context: CommandContext, outcome: RetokenOutcome, mapPath: string | undefined): void {
  const { resumed, tokens, merged, surrogates } = outcome;
  warnOfLeak(context.terminal, outcome.pendingAfterLeak);
  context.terminal.result(
    [
      `${resumed ? 'Went on where an earlier run had stopped: ' : ''}${formatNumber(tokens)} tokens changed.`,
      ...(merged === 0 ? [] : [`${formatNumber(merged)} values had been tokenized anew meanwhile and were joined.`]),
      ...(surrogates === 0 ? [] : [`${formatNumber(surrogates)} entries with surrogates stayed as they are.`]),
      ...(mapPath === undefined ? [] : ['', `map  ${pathForPeople(context, mapPath)}`]),
    ],
    { resumed, tokens, merged, surrogates, map: mapPath ?? null },
  );
}
