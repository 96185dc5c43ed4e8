import type { KeyObject } from 'node:crypto';
import { SealingKey } from '@sdp/shared/crypto';
import { VaultError } from '@sdp/shared/errors';
import type { Batch } from './batch.ts';
import { lengthSize, writeLength } from './block.ts';
import { BlockSet } from './block-set.ts';
import { createSequence, type Database } from './database.ts';
import {
  blockAad,
  blockCapacity,
  blockValueBytes,
  digestBytes,
  encryptionCap,
  tailBytes,
  tokenBytes,
} from './format.ts';
import { type KeyState, type NamespaceState, StateStore, type VaultState } from './state.ts';

/** Tokens that one statement takes: the row source `seq` has as many rows. */
const packSize = 4_096;

export interface WriterKeys {
  readonly vaultId: string;
  readonly state: KeyObject;
  readonly data: ReadonlyMap<number, KeyObject>;
}

/** A batch with the order that `sortBatch` gave. */
export interface SortedBatch {
  readonly batch: Batch;
  readonly order: Uint32Array;
}

/** Checks, seals and inserts batches, each group in one transaction with the state that belongs to it. */
export class BatchWriter {
  readonly #keys: WriterKeys;
  readonly #states: StateStore;
  readonly #blockSet: BlockSet;
  readonly #pack = Buffer.alloc(packSize * digestBytes);
  readonly #packWords = new Uint32Array(this.#pack.buffer, this.#pack.byteOffset, this.#pack.length / 4);
  readonly #transaction: (batches: readonly SortedBatch[]) => void;
  readonly #sql;
  #plaintext = Buffer.alloc(blockValueBytes * 2);

  constructor(db: Database, keys: WriterKeys) {
    this.#keys = keys;
    this.#states = new StateStore(db, keys.vaultId, keys.state);
    this.#blockSet = new BlockSet(keys.state);
    createSequence(db, packSize);
    // One call for thousands of tokens: the loop runs inside SQLite instead of crossing into it per token.
    const packed = (offset: number, length: number) => `substr(:pack, s.i * ${digestBytes} + ${offset + 1}, ${length})`;
    this.#sql = {
      insertNamespace: db.prepare<[number, string]>('INSERT INTO namespace VALUES (?, ?)'),
      known: db
        .prepare<[{ namespace: number; pack: Buffer; count: number }]>(
          `SELECT s.i, v.tail = ${packed(tokenBytes, tailBytes)} FROM temp.seq s CROSS JOIN token_vault v
           WHERE s.i < :count AND v.namespace_id = :namespace AND v.token = ${packed(0, tokenBytes)}`,
        )
        .raw(),
      insertTokens: db.prepare<[{ namespace: number; pack: Buffer; count: number; ref: number }]>(
        `INSERT INTO token_vault
         SELECT :namespace, ${packed(0, tokenBytes)}, :ref + s.i, ${packed(tokenBytes, tailBytes)}
         FROM temp.seq s WHERE s.i < :count`,
      ),
      insertBlock: db.prepare<[number, number, number, number, Uint8Array, Uint8Array]>(
        'INSERT INTO vault_block VALUES (?, ?, ?, ?, ?, ?)',
      ),
    };
    this.#transaction = db.transaction((batches: readonly SortedBatch[]) => this.#writeAll(batches)).immediate;
  }

  /**
   * Durable once it returns; changes nothing if it throws.
   * @throws {VaultError} `token-collision`, `key-exhausted`
   * @throws {IntegrityError} `vault-tampered`
   */
  write(batches: readonly SortedBatch[]): void {
    this.#transaction(batches);
  }

  #writeAll(batches: readonly SortedBatch[]): void {
    // Read anew each time: another process may have committed in between.
    const state = this.#states.read();
    this.#blockSet.reset(state.blockSet);
    let changed = false;
    for (const { batch, order } of batches) changed = this.#writeOne(state, batch, order) || changed;
    if (!changed) return;
    state.blockSet = this.#blockSet.toHex();
    this.#states.write(state);
  }

  #writeOne(state: VaultState, batch: Batch, order: Uint32Array): boolean {
    const namespace = this.#namespaceOf(state, batch.namespace);
    const fresh = namespace.entries === 0 ? order : this.#withoutKnown(namespace, batch, order);
    if (fresh.length === 0) return false;
    const key = activeDataKey(state);
    const keyObject = this.#keys.data.get(key.id);
    if (keyObject === undefined) {
      throw new VaultError('vault-unusable', {
        message: 'Another process gave the vault a new data key',
        remedy: 'Run the command again.',
      });
    }
    const sealing = new SealingKey(keyObject, key.encryptions, encryptionCap);
    this.#insertAll(state, namespace, key.id, sealing, batch, fresh);
    key.encryptions = sealing.encryptions;
    key.lastUsedAt = namespace.lastWrittenAt = new Date().toISOString();
    return true;
  }

  #namespaceOf(state: VaultState, name: string): NamespaceState {
    const known = state.namespaces.find((namespace) => namespace.name === name);
    if (known !== undefined) return known;
    const createdAt = new Date().toISOString();
    const id = state.namespaces.length + 1;
    this.#sql.insertNamespace.run(id, name);
    const created: NamespaceState = { id, name, entries: 0, blocks: 0, createdAt, lastWrittenAt: createdAt };
    state.namespaces.push(created);
    return created;
  }

  /**
   * Leaves out what the vault has. That it has the same value, and not another one with the same token, shows in the
   * tail: 32 bits of the same HMAC that the token doesn't show. Opening the old value to compare would prove no more, and
   * would cost a second pass over the vault for every repeated file.
   */
  #withoutKnown(namespace: NamespaceState, batch: Batch, order: Uint32Array): Uint32Array {
    const fresh = new Uint32Array(order.length);
    let kept = 0;
    for (let start = 0; start < order.length; start += packSize) {
      const part = order.subarray(start, start + packSize);
      this.#fillPack(batch, part);
      const known = new Uint8Array(part.length);
      const rows = this.#sql.known.all({ namespace: namespace.id, pack: this.#pack, count: part.length });
      for (const [i, sameTail] of rows as [number, number][]) {
        if (sameTail !== 1) throw new VaultError('token-collision');
        known[i] = 1;
      }
      for (const [i, position] of part.entries()) if (known[i] === 0) fresh[kept++] = position;
    }
    return fresh.subarray(0, kept);
  }

  #insertAll(
    state: VaultState,
    namespace: NamespaceState,
    keyId: number,
    sealing: SealingKey,
    batch: Batch,
    fresh: Uint32Array,
  ): void {
    // Tokens of full blocks have references without gaps and go in together; a block cut short ends such a run.
    let runStart = 0;
    let runRef = state.nextBlockId * blockCapacity;
    const insertRun = (end: number): void => {
      for (let start = runStart; start < end; start += packSize) {
        const part = fresh.subarray(start, Math.min(start + packSize, end));
        this.#fillPack(batch, part);
        const ref = runRef + start - runStart;
        this.#sql.insertTokens.run({ namespace: namespace.id, pack: this.#pack, count: part.length, ref });
      }
    };
    for (let start = 0; start < fresh.length; ) {
      const size = blockLength(batch, fresh, start);
      const blockId = state.nextBlockId++;
      const place = { vaultId: this.#keys.vaultId, namespace: namespace.name, keyId, blockId, entryCount: size };
      const { nonce, sealed } = sealing.seal(blockAad(place), this.#encode(batch, fresh.subarray(start, start + size)));
      this.#sql.insertBlock.run(blockId, namespace.id, keyId, size, nonce, sealed);
      this.#blockSet.toggle(blockId, sealed);
      start += size;
      if (size < blockCapacity) {
        insertRun(start);
        runStart = start;
        runRef = state.nextBlockId * blockCapacity;
      }
      namespace.blocks += 1;
    }
    insertRun(fresh.length);
    namespace.entries += fresh.length;
  }

  #fillPack(batch: Batch, positions: Uint32Array): void {
    const words = new Uint32Array(batch.digests.buffer);
    const perDigest = digestBytes / 4;
    let to = 0;
    for (const position of positions) {
      const from = position * perDigest;
      for (let i = 0; i < perDigest; i++) this.#packWords[to++] = words[from + i] ?? 0;
    }
  }

  /** The plaintext of a block, as `OpenedBlock` reads it. The buffer is used again by the next. */
  #encode(batch: Batch, positions: Uint32Array): Uint8Array {
    let size = 1 + positions.length * tokenBytes;
    for (const position of positions) {
      const length = valueLength(batch, position);
      size += lengthSize(length) + length;
    }
    if (size > this.#plaintext.length) this.#plaintext = Buffer.alloc(size);
    const out = this.#plaintext;
    out[0] = positions.length;
    let at = 1;
    for (const position of positions) {
      const from = position * digestBytes;
      for (let i = 0; i < tokenBytes; i++) out[at++] = batch.digests[from + i] ?? 0;
    }
    for (const position of positions) at = writeLength(out, at, valueLength(batch, position));
    for (const position of positions) {
      const end = batch.ends[position] ?? 0;
      const start = end - valueLength(batch, position);
      // For a short value the loop beats the call that would copy it.
      if (end - start > 64) out.set(batch.values.subarray(start, end), at);
      else for (let i = start, to = at; i < end; i++) out[to++] = batch.values[i] ?? 0;
      at += end - start;
    }
    return out.subarray(0, size);
  }
}

function valueLength(batch: Batch, position: number): number {
  const start = position === 0 ? 0 : (batch.ends[position - 1] ?? 0);
  return (batch.ends[position] ?? 0) - start;
}

/** How many values the block that begins at `start` takes: at least one. */
function blockLength(batch: Batch, positions: Uint32Array, start: number): number {
  let bytes = 0;
  let length = 0;
  while (length < blockCapacity && start + length < positions.length && bytes < blockValueBytes) {
    bytes += valueLength(batch, positions[start + length] ?? 0);
    length++;
  }
  return length;
}

function activeDataKey(state: VaultState): KeyState {
  const key = state.keys.find((candidate) => candidate.purpose === 'data' && candidate.state === 'active');
  if (key === undefined) throw new VaultError('key-exhausted', { message: 'The vault has no active data key' });
  return key;
}
