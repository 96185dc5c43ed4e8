import { assertSameEpoch } from '../keyring.ts';
import type { VaultFile } from '../open-vault-file.ts';
import { StateStore, type VaultState } from '../state.ts';
import { withWriteLock } from '../write-lock.ts';

/**
 * Runs `change` in one transaction with the state, which is sealed again afterwards. Waits while others write.
 *
 * @throws {VaultError} `vault-keys-changed` if another process has changed the key of the state, or restored an older
 *   state of the vault
 */
export function changeState<T>({ db, keys }: VaultFile, change: (state: VaultState) => T): T {
  const store = new StateStore(db, keys.vaultId, keys.state, keys.ids.state);
  const run = db.transaction(() => {
    const state = store.read();
    assertSameEpoch(state, keys.ids);
    const result = change(state);
    store.write(state);
    return result;
  });
  return withWriteLock(() => run.immediate());
}

/** The state as it was last committed. */
export function readState({ db, keys }: VaultFile): VaultState {
  return new StateStore(db, keys.vaultId, keys.state, keys.ids.state).read();
}
