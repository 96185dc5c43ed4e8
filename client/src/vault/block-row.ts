import { openBlob } from '@sdp/shared/crypto';
import { OpenedBlock } from './block.ts';
import type { Database } from './database.ts';
import { blockAad } from './format.ts';
import { type Keyring, loadDataKey } from './keyring.ts';

/** A row of `vault_block`. */
export interface BlockRow {
  readonly block_id: number;
  readonly namespace_id: number;
  readonly key_id: number;
  readonly entry_count: number;
  readonly nonce: Buffer;
  readonly sealed: Buffer;
}

/** @returns `undefined` if the block isn't what was sealed under this namespace, key and id */
export function openBlockRow(
  db: Database,
  keys: Pick<Keyring, 'vaultId' | 'wrapping' | 'data'>,
  namespace: string,
  row: BlockRow,
): OpenedBlock | undefined {
  const plaintext = openBlockBytes(db, keys, namespace, row);
  const block = plaintext && OpenedBlock.parse(plaintext);
  return block?.count === row.entry_count ? block : undefined;
}

/** The plaintext of a block as it was sealed; see {@link openBlockRow}. */
export function openBlockBytes(
  db: Database,
  keys: Pick<Keyring, 'vaultId' | 'wrapping' | 'data'>,
  namespace: string,
  row: BlockRow,
): Buffer | undefined {
  const key = loadDataKey(db, keys, row.key_id);
  if (key === undefined || !Buffer.isBuffer(row.nonce) || !Buffer.isBuffer(row.sealed)) return undefined;
  return openBlob(
    key,
    blockAad({
      vaultId: keys.vaultId,
      namespace,
      keyId: row.key_id,
      blockId: row.block_id,
      entryCount: row.entry_count,
    }),
    row,
  );
}
