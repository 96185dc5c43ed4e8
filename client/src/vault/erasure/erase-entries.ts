import { OpenedBlock } from '../block.ts';
import type { BlockRow } from '../block-row.ts';
import { EntryDays } from '../entry-days.ts';
import { blockCapacity, tailBytes } from '../format.ts';
import { BlockSealer } from '../maintenance/seal-block.ts';
import { withoutEntries } from '../maintenance/without-entries.ts';
import type { VaultFile } from '../open-vault-file.ts';
import type { NamespaceState, VaultState } from '../state.ts';

/** An entry's row in `token_vault`. */
export interface EntryRow {
  readonly token: Buffer;
  readonly ref: number;
  /** Tail, and the day of last use where it has one. */
  readonly tail: Buffer;
}

/**
 * Erases entries of one namespace, inside a transaction with the state: their blocks are sealed anew without them, a
 * block that holds nothing else goes, and so do their token rows.
 *
 * @returns bytes by which a leftover of what was erased could be recognized: tokens, and pieces of the old blocks
 * @throws {IntegrityError} `vault-tampered` at a block that doesn't open
 */
export function eraseEntries(
  file: VaultFile,
  state: VaultState,
  namespace: NamespaceState,
  entries: readonly EntryRow[],
): Buffer[] {
  const { db, keys } = file;
  const traces: Buffer[] = [];
  const blockOf = db.prepare<[number], BlockRow>('SELECT * FROM vault_block WHERE block_id = ?');
  const remove = db.prepare<[number, Buffer]>('DELETE FROM token_vault WHERE namespace_id = ? AND token = ?');
  const days = new EntryDays(db, keys.state);
  if (namespace.expiry !== null) days.begin(namespace.expiry);
  for (const { token, tail } of entries) {
    remove.run(namespace.id, token);
    days.remove(token, tail.subarray(tailBytes));
    traces.push(token);
  }
  if (namespace.expiry !== null) days.end(namespace.expiry);
  const sealer = new BlockSealer(file, state);
  for (const [blockId, slots] of slotsByBlock(entries)) {
    const row = blockOf.get(blockId);
    // A row that leads nowhere is damage that `verify` names; erasing what there is comes first.
    if (row === undefined) continue;
    traces.push(Buffer.from(row.sealed.subarray(0, 16)), Buffer.from(row.sealed.subarray(-16)));
    const rest = withoutEntries(sealer.open(row), slots);
    if (isEmpty(rest)) {
      sealer.remove(row);
      namespace.blocks -= 1;
    } else {
      sealer.replace(row, rest);
    }
  }
  sealer.end();
  namespace.entries -= entries.length;
  namespace.lastWrittenAt = new Date().toISOString();
  state.leftovers = true;
  return traces;
}

function slotsByBlock(entries: readonly EntryRow[]): Map<number, number[]> {
  const blocks = new Map<number, number[]>();
  for (const { ref } of entries) {
    const blockId = Math.floor(ref / blockCapacity);
    const slots = blocks.get(blockId);
    if (slots === undefined) blocks.set(blockId, [ref % blockCapacity]);
    else slots.push(ref % blockCapacity);
  }
  return blocks;
}

function isEmpty(plaintext: Buffer): boolean {
  const block = OpenedBlock.parse(plaintext);
  if (block === undefined) return false;
  for (let slot = 0; slot < block.count; slot++) if (!block.isErased(slot)) return false;
  return true;
}
