import type { KeyObject } from 'node:crypto';
import { SealingKey } from '@sdp/shared/crypto';
import { IntegrityError, VaultError } from '@sdp/shared/errors';
import Sqlite from 'better-sqlite3';
import type { Batch } from './batch.ts';
import { BlockSet } from './block-set.ts';
import { createSequence, type Database } from './database.ts';
import { BlockEncoder, blockSizes } from './encode-block.ts';
import { blockAad, blockCapacity, digestBytes, encryptionCap, tailBytes, tokenBytes } from './format.ts';
import { type Keyring, loadDataKey } from './keyring.ts';
import { type KeyState, type NamespaceState, StateStore, type VaultState } from './state.ts';

/** Tokens that one statement takes: the row source `seq` has as many rows. */
const packSize = 4_096;

export type WriterKeys = Pick<Keyring, 'vaultId' | 'wrapping' | 'state' | 'data' | 'ids'>;

/** A batch with the order that `sortBatch` gave. */
export interface SortedBatch {
  readonly batch: Batch;
  readonly order: Uint32Array;
}

/** Checks, seals and inserts batches, each group in one transaction with the state that belongs to it. */
export class BatchWriter {
  readonly #db: Database;
  readonly #keys: WriterKeys;
  readonly #states: StateStore;
  readonly #blockSet: BlockSet;
  readonly #pack = Buffer.alloc(packSize * digestBytes);
  readonly #packWords = new Uint32Array(this.#pack.buffer, this.#pack.byteOffset, this.#pack.length / 4);
  readonly #transaction: (batches: readonly SortedBatch[]) => void;
  /** Namespaces whose last batch had values that the vault knew. */
  readonly #repeating = new Set<string>();
  readonly #sql;
  readonly #encoder = new BlockEncoder();

  constructor(db: Database, keys: WriterKeys) {
    this.#db = db;
    this.#keys = keys;
    this.#states = new StateStore(db, keys.vaultId, keys.state, keys.ids.state);
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
      // OR ROLLBACK, since SQLite would otherwise keep the old state of every page touched, to undo the statement alone.
      insertTokens: db.prepare<[{ namespace: number; pack: Buffer; count: number; ref: number }]>(
        `INSERT OR ROLLBACK INTO token_vault
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
   * @throws {VaultError} `token-collision`, `key-exhausted`, `vault-keys-changed`
   * @throws {IntegrityError} `vault-tampered`
   */
  write(batches: readonly SortedBatch[]): void {
    try {
      this.#transaction(batches);
    } catch (error) {
      // A token is there already: once more, looking first. Not done from the start, because most often all values are
      // new, and looking them all up costs as much as inserting them.
      if (!isTokenConflict(error) || batches.every(({ batch }) => this.#repeating.has(batch.namespace))) throw error;
      for (const { batch } of batches) this.#repeating.add(batch.namespace);
      this.#transaction(batches);
    }
  }

  #writeAll(batches: readonly SortedBatch[]): void {
    // Read anew each time: another process may have committed in between.
    const state = this.#states.read();
    // These digests are of no use any more if the tokens were changed in between.
    const tokenKey = state.keys.find((key) => key.purpose === 'token' && key.state === 'active');
    if (tokenKey?.id !== this.#keys.ids.token) throw new VaultError('vault-keys-changed');
    this.#blockSet.reset(state.blockSet);
    let changed = false;
    for (const { batch, order } of batches) changed = this.#writeOne(state, batch, order) || changed;
    if (!changed) return;
    state.blockSet = this.#blockSet.toHex();
    this.#states.write(state);
  }

  #writeOne(state: VaultState, batch: Batch, order: Uint32Array): boolean {
    const namespace = this.#namespaceOf(state, batch.namespace);
    let fresh = order;
    if (this.#repeating.has(batch.namespace)) {
      fresh = this.#withoutKnown(namespace, batch, order);
      if (fresh.length === order.length) this.#repeating.delete(batch.namespace);
    }
    if (fresh.length === 0) return false;
    const blocks = blockSizes(batch, fresh);
    this.#insertTokens(namespace, state.nextBlockId, batch, fresh, blocks);
    this.#insertBlocks(state, namespace, batch, fresh, blocks);
    return true;
  }

  #namespaceOf(state: VaultState, name: string): NamespaceState {
    const known = state.namespaces.find((namespace) => namespace.name === name);
    if (known !== undefined) return known;
    const createdAt = new Date().toISOString();
    const id = state.namespaces.length + 1;
    this.#sql.insertNamespace.run(id, name);
    const created: NamespaceState = {
      id,
      name,
      kind: 'token',
      canonical: '',
      expiry: null,
      forgotten: 0,
      expired: 0,
      entries: 0,
      blocks: 0,
      createdAt,
      lastWrittenAt: createdAt,
    };
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

  /** Inserts the token rows of blocks with consecutive ids. If one is there already, the transaction is undone. */
  #insertTokens(
    namespace: NamespaceState,
    firstBlockId: number,
    batch: Batch,
    fresh: Uint32Array,
    blocks: readonly number[],
  ): void {
    // Tokens of full blocks have references without gaps and go in together; a block cut short ends such a run.
    let runStart = 0;
    let runRef = firstBlockId * blockCapacity;
    let end = 0;
    for (const [i, size] of blocks.entries()) {
      end += size;
      if (size === blockCapacity && i < blocks.length - 1) continue;
      for (let start = runStart; start < end; start += packSize) {
        const part = fresh.subarray(start, Math.min(start + packSize, end));
        this.#fillPack(batch, part);
        const ref = runRef + start - runStart;
        this.#sql.insertTokens.run({ namespace: namespace.id, pack: this.#pack, count: part.length, ref });
      }
      runStart = end;
      runRef = (firstBlockId + i + 1) * blockCapacity;
    }
  }

  #insertBlocks(
    state: VaultState,
    namespace: NamespaceState,
    batch: Batch,
    fresh: Uint32Array,
    blocks: readonly number[],
  ): void {
    const key = activeDataKey(state);
    const sealing = new SealingKey(this.#keyObject(key), key.encryptions, encryptionCap);
    let start = 0;
    for (const size of blocks) {
      const blockId = state.nextBlockId++;
      const place = {
        vaultId: this.#keys.vaultId,
        namespace: namespace.name,
        keyId: key.id,
        blockId,
        entryCount: size,
      };
      const { nonce, sealed } = sealing.seal(
        blockAad(place),
        this.#encoder.encode(batch, fresh.subarray(start, start + size)),
      );
      this.#sql.insertBlock.run(blockId, namespace.id, key.id, size, nonce, sealed);
      this.#blockSet.toggle(blockId, sealed);
      start += size;
    }
    key.encryptions = sealing.encryptions;
    key.lastUsedAt = namespace.lastWrittenAt = new Date().toISOString();
    namespace.blocks += blocks.length;
    namespace.entries += fresh.length;
  }

  #keyObject(key: KeyState): KeyObject {
    const keyObject = loadDataKey(this.#db, this.#keys, key.id);
    if (keyObject !== undefined) return keyObject;
    throw new IntegrityError('vault-tampered', { message: 'The data key that seals is not there' });
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
}

function activeDataKey(state: VaultState): KeyState {
  const key = state.keys.find((candidate) => candidate.purpose === 'data' && candidate.state === 'active');
  if (key === undefined) throw new VaultError('key-exhausted', { message: 'The vault has no active data key' });
  return key;
}

function isTokenConflict(error: unknown): boolean {
  return error instanceof Sqlite.SqliteError && error.code === 'SQLITE_CONSTRAINT_PRIMARYKEY';
}
