import type { KeyObject } from 'node:crypto';
import { generateKey, wrapKey } from '@sdp/shared/crypto';
import { type DataKeyState, type KeyPurpose, keyAad } from '../format.ts';
import type { VaultFile } from '../open-vault-file.ts';
import type { KeyState, VaultState } from '../state.ts';

/** The key of a purpose that is in use. */
export function activeKey(state: VaultState, purpose: KeyPurpose): KeyState | undefined {
  return state.keys.find((key) => key.purpose === purpose && key.state === 'active');
}

/** Stores a key, wrapped, under an id that no key had before; inside the caller's transaction. */
export function addKey(
  { db, keys }: VaultFile,
  state: VaultState,
  purpose: KeyPurpose,
  key: KeyObject = generateKey(),
): KeyState {
  // Ids only grow: the newest key is never removed.
  const id = Math.max(...state.keys.map((known) => known.id)) + 1;
  const { nonce, sealed } = wrapKey(keys.wrapping, keyAad(keys.vaultId, id, purpose), key);
  db.prepare<[number, string, string, Uint8Array, Uint8Array]>('INSERT INTO data_key VALUES (?, ?, ?, ?, ?)').run(
    id,
    purpose,
    'active' satisfies DataKeyState,
    nonce,
    sealed,
  );
  const createdAt = new Date().toISOString();
  const created: KeyState = { id, purpose, state: 'active', encryptions: 0, createdAt, lastUsedAt: null };
  state.keys.push(created);
  return created;
}

/** From here on the key only opens; inside the caller's transaction. */
export function retireKey({ db }: VaultFile, state: VaultState, id: number): void {
  db.prepare<[number]>(`UPDATE data_key SET state = 'retired' WHERE key_id = ?`).run(id);
  const at = state.keys.findIndex((key) => key.id === id);
  const key = state.keys[at];
  if (key !== undefined) state.keys[at] = { ...key, state: 'retired' };
}

/** Removes keys; with `secure_delete` on, their wrapped bytes go too. Inside the caller's transaction. */
export function removeKeys({ db, keys }: VaultFile, state: VaultState, ids: readonly number[]): void {
  for (const id of ids) {
    db.prepare<[number]>('DELETE FROM data_key WHERE key_id = ?').run(id);
    state.keys.splice(
      state.keys.findIndex((key) => key.id === id),
      1,
    );
    keys.data.delete(id);
  }
}
