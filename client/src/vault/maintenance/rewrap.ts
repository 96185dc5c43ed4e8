import { keyFingerprint, type MasterKey, wrapKey } from '@sdp/shared/crypto';
import { VaultError } from '@sdp/shared/errors';
import { keyAad } from '../format.ts';
import { type KeyRow, openKey, wrappingKey } from '../keyring.ts';
import type { VaultFile } from '../open-vault-file.ts';
import { changeState } from './change-state.ts';
import { emptyWriteAheadLog, eraseWhatIsDeleted } from './erase-leftovers.ts';

export interface RewrapOptions {
  readonly newMaster: MasterKey;
  /** The old master key is known to somebody else: asks for a rekey and a retoken afterwards. */
  readonly compromised?: boolean;
}

export interface RewrapOutcome {
  /** `false` if the vault had this master key already. */
  readonly changed: boolean;
  /** Keys that the master key wraps. */
  readonly keys: number;
}

/**
 * Wraps all keys of a vault under a new master key, in one transaction. No entry is touched and no token changes. The
 * old key's fingerprint stays among those of the past, by which servers that know it are refused.
 *
 * @throws {VaultError} `vault-keys-changed`, `vault-mismatch` for `compromised` where there was no other key before
 */
export function rewrapVault(file: VaultFile, { newMaster, compromised = false }: RewrapOptions): RewrapOutcome {
  const { db, keys } = file;
  const fingerprint = keyFingerprint(newMaster);
  const kek = wrappingKey(newMaster, keys.vaultId);
  eraseWhatIsDeleted(db);
  const update = db.prepare<[Uint8Array, Uint8Array, number]>(
    'UPDATE data_key SET nonce = ?, wrapped = ? WHERE key_id = ?',
  );
  const outcome = changeState(file, (state) => {
    const rows = db.prepare<[], KeyRow>('SELECT * FROM data_key').all();
    const changed = state.masterFingerprints[0] !== fingerprint;
    if (compromised) {
      if (!changed && state.masterFingerprints.length < 2) {
        throw new VaultError('vault-mismatch', {
          message: 'The vault never had another master key than this one',
          remedy: 'Give a new key with --new-key-file: the one that leaked has to go first.',
        });
      }
      const known = changed ? state.masterFingerprints : state.masterFingerprints.slice(1);
      state.leaked = [...new Set([...(state.leaked ?? []), ...known])];
      state.leak = { since: new Date().toISOString(), pending: ['rekey', 'retoken'] };
    }
    if (!changed) return { changed, keys: rows.length };
    for (const row of rows) {
      const known = state.keys.find((key) => key.id === row.key_id);
      const key = known && openKey(keys.wrapping, keys.vaultId, row, known.purpose);
      // Opened a moment ago with this very key: somebody else has changed it since.
      if (known === undefined || key === undefined) throw new VaultError('vault-keys-changed');
      const { nonce, sealed } = wrapKey(kek, keyAad(keys.vaultId, known.id, known.purpose), key);
      update.run(nonce, sealed, known.id);
    }
    db.prepare<[Buffer]>(`UPDATE vault_meta SET value = ? WHERE name = 'master_fingerprint'`).run(
      Buffer.from(fingerprint, 'utf8'),
    );
    state.masterFingerprints = [fingerprint, ...state.masterFingerprints.filter((past) => past !== fingerprint)];
    return { changed, keys: rows.length };
  });
  emptyWriteAheadLog(db);
  return outcome;
}
