import type { Command } from 'commander';
import { loadMasterKey } from '../../keys/index.ts';
import { pullVault } from '../../vault/copies/index.ts';
import { type CommandContext, vaultPathFrom } from '../context.ts';
import { addServerOptions, connectToServer, type ServerOptions } from '../server-connection.ts';
import { copyServer } from './copy-server.ts';
import { type VaultFlags, vaultSubcommand } from './with-vault.ts';

type PullFlags = VaultFlags & ServerOptions;

/** `sdp vault pull` */
export function vaultPullCommand(context: CommandContext): Command {
  const command = vaultSubcommand('pull', 'take in the copy on the server').description(
    'Fetches the entries that `sdp vault push` brought to the server, checks all of them, and takes in those that the vault lacks. A vault is made if there is none. What was erased on any machine that pushes is erased here too. A server that changes or swaps entries is found out; that it leaves some away cannot be seen.',
  );
  return addServerOptions(command)
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
              ],
            },
          ],
          { added: outcome.added, known: outcome.known, refused: outcome.refused, erased: outcome.erased },
        );
      } finally {
        progress.stop();
        await client.close();
      }
    });
}
