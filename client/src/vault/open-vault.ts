import { VaultError } from '@sdp/shared/errors';
import type { OpenVaultOptions, Vault } from './vault.ts';

/** Opens a vault. */
export async function openVault(_options: OpenVaultOptions): Promise<Vault> {
  throw new VaultError('vault-unusable');
}
