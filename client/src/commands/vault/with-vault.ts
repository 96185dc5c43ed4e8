import { Command } from 'commander';
import { loadMasterKey } from '../../keys/index.ts';
import { openVault, type Vault } from '../../vault/index.ts';
import { type CommandContext, vaultPathFrom } from '../context.ts';
import { addOutputFlags } from '../output-flags.ts';
import { warnOfLeak } from '../warn-of-leak.ts';

/** What every `sdp vault` command takes. */
export interface VaultFlags {
  readonly vault?: string;
}

/** A command below `sdp vault` with the flags that all of them have. */
export function vaultSubcommand(name: string, summary: string): Command {
  const command = new Command(name)
    .summary(summary)
    .option('--vault <file>', 'vault file (default: SDP_VAULT, else token_vault.db)');
  return addOutputFlags(command);
}

/** Opens the vault, by default for reading alone, and closes it however the work ends. */
export async function withVault<T>(
  context: CommandContext,
  flags: VaultFlags,
  work: (vault: Vault) => T | Promise<T>,
  { readOnly = true }: { readonly readOnly?: boolean } = {},
): Promise<T> {
  const vault = await openVault({
    path: vaultPathFrom(context, flags.vault),
    masterKey: await loadMasterKey(context),
    readOnly,
  });
  try {
    warnOfLeak(context.terminal, vault.pendingAfterLeak());
    return await work(vault);
  } finally {
    await vault.close();
  }
}
