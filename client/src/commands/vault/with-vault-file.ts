import type { MasterKey } from '@sdp/shared/crypto';
import { loadMasterKey } from '../../keys/index.ts';
import { openVaultFile, type VaultFile } from '../../vault/maintenance/index.ts';
import { type CommandContext, vaultPathFrom } from '../context.ts';
import type { VaultFlags } from './with-vault.ts';

export interface VaultFileOptions {
  readonly create?: boolean;
  /** Where it isn't the one of the surroundings. */
  readonly masterKey?: MasterKey;
}

/** Opens the file of the vault for work on its keys and closes it however that ends. */
export async function withVaultFile<T>(
  context: CommandContext,
  flags: VaultFlags,
  work: (file: VaultFile) => T | Promise<T>,
  { create = false, masterKey }: VaultFileOptions = {},
): Promise<T> {
  const file = openVaultFile({
    path: vaultPathFrom(context, flags.vault),
    masterKey: masterKey ?? (await loadMasterKey(context)),
    create,
  });
  try {
    return await work(file);
  } finally {
    file.db.close();
  }
}
