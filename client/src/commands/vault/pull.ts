import { UsageError } from '@sdp/shared/errors';
import type { Command } from 'commander';
import { loadMasterKey } from '../../keys/index.ts';
import { formatNumber } from '../../terminal/index.ts';
import { pullVault } from '../../vault/copies/index.ts';
import { type CommandContext, vaultPathFrom } from '../context.ts';
import { addServerOptions, connectToServer, type ServerOptions } from '../server-connection.ts';
import { copyServer } from './copy-server.ts';
import { type VaultFlags, vaultSubcommand } from './with-vault.ts';

interface PullFlags extends VaultFlags, ServerOptions {
  readonly atLeast?: number;
}

/** `sdp vault pull` */
export function vaultPullCommand(context: CommandContext): Command {
  const command = vaultSubcommand('pull', 'take in the copy on the server').description(
    'Fetches the entries that `sdp vault push` brought to the server, checks all of them, and takes in those that the vault lacks. A vault is made if there is none. What was erased on any machine that pushes is erased here too. A server that changes, swaps or leaves away entries is found out, and so is one that offers an older state of the copy than this vault has seen; a new vault has seen none, so name the number that `sdp vault push` printed with --at-least.',
  );
  return addServerOptions(command)
    .option('--at-least <number>', 'refuse a state of the copy with a lower number', parseSequence)
    .addHelpText(
      'after',
      '\nExample:\n  $ sdp vault pull --vault token_vault.db --server-url https://sdp.example.com\n',
    )
    .action(async (flags: PullFlags) => {
      const { terminal, signal } = context;
      const masterKey = await loadMasterKey(context);
      const client = await connectToServer(context, flags, {});
      const progress = terminal.progress('fetching', { unit: 'entries' });
      try {
        const outcome = await pullVault({ path: vaultPathFrom(context, flags.vault), masterKey }, copyServer(client), {
          onProgress: (done, total) => progress.update(done, total),
          signal,
          ...(flags.atLeast === undefined ? {} : { atLeast: flags.atLeast }),
        });
        progress.stop();
        terminal.result(
          [
            {
              columns: ['copy', 'count'],
              rows: [
                ['new to this vault', outcome.added],
                ['here already', outcome.known],
                ['refused: erased here', outcome.refused],
                ['erased here for the copy', outcome.erased],
                ['state of the copy', `number ${formatNumber(outcome.sequence)}`],
              ],
            },
          ],
          {
            added: outcome.added,
            known: outcome.known,
            refused: outcome.refused,
            erased: outcome.erased,
            sequence: outcome.sequence,
          },
        );
      } finally {
        progress.stop();
        await client.close();
      }
    });
}

function parseSequence(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new UsageError('usage-invalid', { message: '--at-least takes the number that `sdp vault push` printed' });
}
