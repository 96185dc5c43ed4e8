import type { Command } from 'commander';
import { formatNumber } from '../../terminal/index.ts';
import { checkKeysApart } from '../../upload/index.ts';
import { type PushOutcome, pushVault } from '../../vault/copies/index.ts';
import type { CommandContext } from '../context.ts';
import { addServerOptions, connectToServer, type ServerOptions } from '../server-connection.ts';
import { copyServer } from './copy-server.ts';
import { type VaultFlags, vaultSubcommand } from './with-vault.ts';
import { withVaultFile } from './with-vault-file.ts';

interface PushFlags extends VaultFlags, ServerOptions {
  readonly fromScratch?: boolean;
}

/** `sdp vault push` */
export function vaultPushCommand(context: CommandContext): Command {
  const command = vaultSubcommand('push', 'bring a sealed copy of the vault to the server').description(
    'Sends the server what its copy of this vault lacks, and what was erased here. The copy is sealed: the server sees tokens, numbers of entries and lengths, and opens nothing. The API key must have been made with the scope vault:copy. Whoever has the master key and the copy has the vault: `sdp vault pull` makes one of it.',
  );
  return addServerOptions(command)
    .option('--from-scratch', 'remove the copy first, e.g. after `sdp vault retoken`')
    .addHelpText(
      'after',
      '\nExample:\n  $ sdp vault push --vault token_vault.db --server-url https://sdp.example.com\n',
    )
    .action((flags: PushFlags) =>
      withVaultFile(context, flags, async (file) => {
        const { terminal, signal } = context;
        const client = await connectToServer(context, flags, {});
        const progress = terminal.progress('sending', { unit: 'entries' });
        try {
          await checkKeysApart(client, file.keys.masterFingerprints);
          const outcome = await pushVault(file, copyServer(client), {
            fromScratch: flags.fromScratch ?? false,
            onProgress: (done, total) => progress.update(done, total),
            signal,
          });
          progress.stop();
          report(context, outcome);
        } finally {
          progress.stop();
          await client.close();
        }
      }),
    );
}

function report({ terminal }: CommandContext, outcome: PushOutcome): void {
  const { entries, stored, refused, erased, tooLong, removed, sequence, exact } = outcome;
  if (tooLong > 0) terminal.warn(`${formatNumber(tooLong)} values of more than 1 MB each are not in the copy`);
  const rows: [string, number | string][] = [
    ['entries of this vault', entries + tooLong],
    ['new to the server', stored],
    ['there already', entries - stored - refused],
    ['left out: erased before', refused],
    ['erased on the server', erased],
    ...(removed > 0 ? [['removed before', removed] as [string, number]] : []),
    ['state of the copy', `number ${formatNumber(sequence)}`],
    ['holds', exact ? 'this vault' : 'this vault and entries of others'],
  ];
  terminal.result([{ columns: ['copy', 'count'], rows }], {
    entries: entries + tooLong,
    stored,
    refused,
    erased,
    too_long: tooLong,
    removed_before: removed,
    sequence,
    exact,
  });
}
