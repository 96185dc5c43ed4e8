import { join, resolve } from 'node:path';
import { currentOperator, stateFolder } from '../audit/index.ts';
import type { Environment } from '../keys/index.ts';
import type { Vault } from '../vault/index.ts';
import { ledgerKey } from './ledger-line.ts';
import { PrivacyLedger } from './privacy-ledger.ts';

/**
 * The ledger of a vault. It lies in the folder of SDP's state under the vault's id, so that a copy of the vault has no budget
 * of its own; its head lies beside the vault, so that an older copy of the ledger is found out.
 */
export function openLedger(
  { env, cwd }: { readonly env: Environment; readonly cwd: string },
  vault: Vault,
  vaultPath: string,
): PrivacyLedger {
  return new PrivacyLedger({
    ledgerPath: join(resolve(cwd, stateFolder(env)), 'privacy', `${vault.id}.jsonl`),
    headPath: `${vaultPath}.privacy-head`,
    vaultId: vault.id,
    key: ledgerKey(vault),
    operator: currentOperator(env),
  });
}
