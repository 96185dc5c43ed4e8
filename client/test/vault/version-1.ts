import { type MasterKey, sealBlob } from '@sdp/shared/crypto';
import { stateAad } from '../../src/vault/format.ts';
import { openVaultFile } from '../../src/vault/open-vault-file.ts';
import { StateStore } from '../../src/vault/state.ts';

/** Makes a closed vault what the first version of the format would have made of the same values. */
export function toVersion1(path: string, masterKey: MasterKey): void {
  const { db, keys } = openVaultFile({ path, masterKey });
  const { tombstones: _, ...state } = new StateStore(db, keys.vaultId, keys.state).read();
  const namespaces = state.namespaces.map(
    ({ kind: _kind, canonical: _canonical, expiry: _expiry, forgotten: _forgotten, expired: _expired, ...rest }) =>
      rest,
  );
  const text = Buffer.from(JSON.stringify({ ...state, namespaces }), 'utf8');
  const { nonce, sealed } = sealBlob(keys.state, stateAad(keys.vaultId, 1), text);
  db.prepare(`UPDATE vault_meta SET value = ? WHERE name = 'state'`).run(Buffer.concat([nonce, sealed]));
  db.exec('DROP TABLE tombstone');
  db.pragma('user_version = 1');
  db.close();
}
