import { IntegrityError } from '@sdp/shared/errors';
import { type BlockRow, openBlockRow } from '../block-row.ts';
import type { Database } from '../database.ts';
import { blockCapacity, tailBytes } from '../format.ts';
import type { Keyring } from '../keyring.ts';

/** One entry as it is stored. */
export interface StoredValue {
  readonly namespace: string;
  readonly token: Uint8Array;
  readonly tail: Uint8Array;
  readonly value: string;
}

const blocksPerRead = 64;

/**
 * All entries, in the order of their blocks. Between two reads others may write; what they add meanwhile comes too.
 *
 * @throws {IntegrityError} `vault-tampered` at a block that doesn't open, or an entry without its row
 */
export function* readEntries(db: Database, keys: Keyring): Generator<readonly StoredValue[]> {
  const blocks = db.prepare<[number, number], BlockRow>(
    'SELECT * FROM vault_block WHERE block_id > ? ORDER BY block_id LIMIT ?',
  );
  const row = db.prepare<[number, Uint8Array], { ref: number; tail: Buffer }>(
    'SELECT ref, tail FROM token_vault WHERE namespace_id = ? AND token = ?',
  );
  const names = db.prepare<[number], string>('SELECT name FROM namespace WHERE namespace_id = ?').pluck();
  const read = db.transaction((after: number) => {
    const values: StoredValue[] = [];
    let last = after;
    for (const block of blocks.all(after, blocksPerRead)) {
      last = block.block_id;
      const namespace = names.get(block.namespace_id);
      const opened = namespace === undefined ? undefined : openBlockRow(db, keys, namespace, block);
      if (namespace === undefined || opened === undefined) {
        throw new IntegrityError('vault-tampered', { message: `Block ${block.block_id} of the vault does not open` });
      }
      for (let slot = 0; slot < opened.count; slot++) {
        if (opened.isErased(slot)) continue;
        const token = opened.token(slot);
        const found = row.get(block.namespace_id, token);
        // Left out silently, it would be missing wherever the entries go.
        if (found?.ref !== block.block_id * blockCapacity + slot) {
          throw new IntegrityError('vault-tampered', {
            message: 'An entry of the vault has no token that leads to it',
          });
        }
        values.push({ namespace, token, tail: found.tail.subarray(0, tailBytes), value: opened.value(slot) });
      }
    }
    return { values, last };
  });
  for (let last = Number.MIN_SAFE_INTEGER; ; ) {
    const page = read(last);
    if (page.last === last) return;
    last = page.last;
    yield page.values;
  }
}
