import { VaultError } from '@sdp/shared/errors';
import type { VaultFile } from '../open-vault-file.ts';
import type { VaultState } from '../state.ts';
import { changeState } from './change-state.ts';
import { emptyWriteAheadLog, eraseWhatIsDeleted } from './erase-leftovers.ts';
import { bundledPurposes, type KeyBundle } from './key-bundle.ts';
import { activeKey, addKey, removeKeys } from './key-rows.ts';

/**
 * Gives an empty vault the keys of a bundle, so that it gives the tokens of the vault that the bundle is from.
 *
 * @returns `false` if the vault has these keys already
 * @throws {VaultError} `vault-mismatch` for a vault with entries, or erasures, under other keys
 */
export function importKeys(file: VaultFile, bundle: KeyBundle): boolean {
  const { db, keys } = file;
  if (bundledPurposes.every((purpose) => keys[purpose].equals(bundle.keys[purpose]))) return false;
  eraseWhatIsDeleted(db);
  changeState(file, (state) => {
    if (!isEmpty(state)) {
      throw new VaultError('vault-mismatch', {
        message: 'The vault holds entries whose tokens were made with other keys than those of the bundle',
        remedy: 'Import the bundle into a new vault: name one with --vault.',
      });
    }
    for (const purpose of bundledPurposes) {
      const old = activeKey(state, purpose);
      addKey(file, state, purpose, bundle.keys[purpose]);
      if (old !== undefined) removeKeys(file, state, [old.id]);
    }
    state.masterFingerprints = [...new Set([...state.masterFingerprints, ...bundle.masterFingerprints])];
  });
  emptyWriteAheadLog(db);
  return true;
}

function isEmpty(state: VaultState): boolean {
  return state.tombstones.count === 0 && state.namespaces.every(({ blocks }) => blocks === 0);
}
