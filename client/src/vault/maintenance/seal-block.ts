import { SealingKey } from '@sdp/shared/crypto';
import { IntegrityError } from '@sdp/shared/errors';
import { type BlockRow, openBlockBytes } from '../block-row.ts';
import { BlockSet } from '../block-set.ts';
import { blockAad, encryptionCap } from '../format.ts';
import { loadDataKey } from '../keyring.ts';
import type { VaultFile } from '../open-vault-file.ts';
import type { VaultState } from '../state.ts';
import { activeKey } from './key-rows.ts';

/** Opens blocks and seals them anew in their places, within one transaction; {@link end} writes up what it did. */
export class BlockSealer {
  readonly #file: VaultFile;
  readonly #state: VaultState;
  readonly #blockSet: BlockSet;
  readonly #sealing: SealingKey;
  readonly #keyId: number;
  readonly #update;
  readonly #delete;

  /** @throws {IntegrityError} `vault-tampered` if the data key in use isn't there */
  constructor(file: VaultFile, state: VaultState) {
    const key = activeKey(state, 'data');
    const keyObject = key && loadDataKey(file.db, file.keys, key.id);
    if (key === undefined || keyObject === undefined) {
      throw new IntegrityError('vault-tampered', { message: 'A data key of the vault is not there' });
    }
    this.#file = file;
    this.#state = state;
    this.#keyId = key.id;
    this.#blockSet = new BlockSet(file.keys.state, state.blockSet);
    this.#sealing = new SealingKey(keyObject, key.encryptions, encryptionCap);
    this.#update = file.db.prepare<[number, Uint8Array, Uint8Array, number]>(
      'UPDATE vault_block SET key_id = ?, nonce = ?, sealed = ? WHERE block_id = ?',
    );
    this.#delete = file.db.prepare<[number]>('DELETE FROM vault_block WHERE block_id = ?');
  }

  /** @throws {IntegrityError} `vault-tampered` */
  open(row: BlockRow): Buffer {
    const namespace = this.#namespaceOf(row);
    const plaintext =
      namespace === undefined ? undefined : openBlockBytes(this.#file.db, this.#file.keys, namespace, row);
    if (plaintext !== undefined) return plaintext;
    throw new IntegrityError('vault-tampered', { message: `Block ${row.block_id} of the vault does not open` });
  }

  /** Puts `plaintext` in the place of what the row holds, under the data key in use and a fresh nonce. */
  replace(row: BlockRow, plaintext: Uint8Array): void {
    const { nonce, sealed } = this.#sealing.seal(
      blockAad({
        vaultId: this.#file.keys.vaultId,
        namespace: this.#namespaceOf(row) ?? '',
        keyId: this.#keyId,
        blockId: row.block_id,
        entryCount: row.entry_count,
      }),
      plaintext,
    );
    this.#update.run(this.#keyId, nonce, sealed, row.block_id);
    this.#blockSet.toggle(row.block_id, row.sealed);
    this.#blockSet.toggle(row.block_id, sealed);
  }

  /** Takes a block out of which every entry was erased. The caller counts the namespace's blocks. */
  remove(row: BlockRow): void {
    this.#delete.run(row.block_id);
    this.#blockSet.toggle(row.block_id, row.sealed);
  }

  /** Notes in the state what was sealed. */
  end(): void {
    this.#state.blockSet = this.#blockSet.toHex();
    const key = activeKey(this.#state, 'data');
    if (key === undefined) return;
    key.encryptions = this.#sealing.encryptions;
    key.lastUsedAt = new Date().toISOString();
  }

  #namespaceOf(row: BlockRow): string | undefined {
    return this.#state.namespaces.find(({ id }) => id === row.namespace_id)?.name;
  }
}
