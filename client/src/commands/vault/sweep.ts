import type { Command } from 'commander';
import { loadMasterKey } from '../../keys/index.ts';
import { formatNumber } from '../../terminal/index.ts';
import { type SweepOutcome, sweepVault } from '../../vault/erasure/index.ts';
import { type CommandContext, vaultPathFrom } from '../context.ts';
import { type VaultFlags, vaultSubcommand } from './with-vault.ts';

interface SweepFlags extends VaultFlags {
  readonly dryRun?: boolean;
}

/** `sdp vault sweep` */
export function vaultSweepCommand(context: CommandContext): Command {
  return vaultSubcommand('sweep', 'erase values that have expired')
    .description(
      'Erases values that nobody has tokenized for as many days as their column’s `expires` says. Columns without it keep their values. Interrupted, it leaves a whole vault, and the next run goes on.',
    )
    .option('--dry-run', 'count what would be erased, and change nothing')
    .addHelpText('after', '\nExample:\n  $ sdp vault sweep --dry-run\n')
    .action((flags: SweepFlags) => sweep(context, flags));
}

async function sweep(context: CommandContext, { vault, dryRun = false }: SweepFlags): Promise<void> {
  const { terminal, signal } = context;
  const place = { path: vaultPathFrom(context, vault), masterKey: await loadMasterKey(context) };
  const progress = terminal.progress('erasing', { unit: 'entries' });
  let outcome: SweepOutcome;
  try {
    outcome = await sweepVault(place, { dryRun, signal, onProgress: (done) => progress.update(done) });
  } finally {
    progress.stop();
  }
  if (!outcome.logCleared) {
    terminal.warn('another process reads the vault: the last copies go when it closes it and sweep is run again');
  }
  print(context, outcome, dryRun);
}

function print({ terminal }: CommandContext, { namespaces, expired, logCleared }: SweepOutcome, dryRun: boolean): void {
  const done = dryRun ? 'would be erased' : 'erased';
  const summary =
    namespaces.length === 0
      ? 'No namespace has an expiry.'
      : `${formatNumber(expired)} expired entries ${dryRun ? 'would be' : 'were'} erased`;
  terminal.result(
    namespaces.length === 0
      ? summary
      : [
          {
            columns: ['namespace', 'expires after', done, dryRun ? 'of' : 'left'],
            rows: namespaces.map((row) => [row.namespace, `${row.expiresDays}d`, row.expired, row.entries]),
          },
          '',
          summary,
        ],
    {
      dry_run: dryRun,
      expired,
      log_cleared: logCleared,
      namespaces: namespaces.map((row) => ({
        namespace: row.namespace,
        expires_days: row.expiresDays,
        expired: row.expired,
        entries: row.entries,
      })),
    },
  );
}
