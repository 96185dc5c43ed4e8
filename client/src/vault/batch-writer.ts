import type { KeyObject } from 'node:crypto';
import { SealingKey } from '@sdp/shared/crypto';
import { IntegrityError, VaultError } from '@sdp/shared/errors';
import Sqlite from 'better-sqlite3';
import type { Batch } from './batch.ts';
import { BlockSet } from './block-set.ts';
import { createSequence, type Database } from './database.ts';
import { BlockEncoder, blockSizes } from './encode-block.ts';
import { dayToBytes, EntryDays, today } from './entry-days.ts';
import { blockAad, blockCapacity, encryptionCap, tailBytes, tokenBytes } from './format.ts';
import { assertSameTokens, loadDataKey, type WriterKeys } from './keyring.ts';
import { KnownEntries, type KnownEntry } from './known-entries.ts';
import { assertSameUse } from './namespace-use.ts';
import { SpellingCheck } from './spelling-check.ts';
import { emptySet, type KeyState, type NamespaceState, newNamespace, StateStore, type VaultState } from './state.ts';
import { TokenPack } from './token-pack.ts';

/** Tokens that one statement takes: the row source `seq` has as many rows. */
const packSize = 4_096;
const noPositions = new Uint32Array(0);

/** A batch with the order and the repeats that `sortBatch` gave. */
export interface SortedBatch {
  readonly batch: Batch;
  readonly order: Uint32Array;
  readonly repeats?: readonly number[];
}

/** Checks, seals and inserts batches, each group in one transaction with the state that belongs to it. */
export class BatchWriter {
  readonly #db: Database;
  readonly #keys: WriterKeys;
  readonly #states: StateStore;
  readonly #blockSet: BlockSet;
  readonly #pack = new TokenPack(packSize);
  readonly #known: KnownEntries;
  readonly #days: EntryDays;
  readonly #transaction: (batches: readonly SortedBatch[]) => Uint32Array[];
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
    this.#known = new KnownEntries(db, keys, this.#pack);
    this.#days = new EntryDays(db, keys.state);
    const pack = this.#pack;
    // OR ROLLBACK, since SQLite would otherwise keep the old state of every page touched, to undo the statement alone.
    const insertTokens = (tail: string) => `INSERT OR ROLLBACK INTO token_vault
      SELECT :namespace, ${pack.sql(0, tokenBytes)}, :ref + s.i, ${tail} FROM temp.seq s WHERE s.i < :count`;
    const tail = pack.sql(tokenBytes, tailBytes);
    this.#sql = {
      insertNamespace: db.prepare<[number, string]>('INSERT INTO namespace VALUES (?, ?)'),
      insertTokens: db.prepare<[TokenRows]>(insertTokens(tail)),
      insertDatedTokens: db.prepare<[TokenRows & { day: Uint8Array }]>(insertTokens(`CAST(${tail} || :day AS BLOB)`)),
      insertBlock: db.prepare<[number, number, number, number, Uint8Array, Uint8Array]>(
        'INSERT INTO vault_block VALUES (?, ?, ?, ?, ?, ?)',
      ),
    };
    this.#transaction = db.transaction((batches: readonly SortedBatch[]) => this.#writeAll(batches)).immediate;
  }

  /**
   * Durable once it returns; changes nothing if it throws.
   *
   * @returns of each batch, the positions of values that are stored in another spelling
   * @throws {VaultError} `token-collision`, `surrogate-raced`, `namespace-mismatch`, `key-exhausted`, `vault-keys-changed`
   * @throws {IntegrityError} `vault-tampered`
   */
  write(batches: readonly SortedBatch[]): Uint32Array[] {
    try {
      return this.#transaction(batches);
    } catch (error) {
      // A token is there already: once more, looking first. Not done from the start, because most often all values are
      // new, and looking them all up costs as much as inserting them.
      if (!isTokenConflict(error) || batches.every(({ batch }) => this.#repeating.has(batch.namespace))) throw error;
      for (const { batch } of batches) this.#repeating.add(batch.namespace);
      return this.#transaction(batches);
    }
  }

  #writeAll(batches: readonly SortedBatch[]): Uint32Array[] {
    // Read anew each time: another process may have committed in between.
    const state = this.#states.read();
    // These digests are of no use any more if the tokens were changed in between.
    assertSameTokens(state, this.#keys.ids);
    this.#blockSet.reset(state.blockSet);
    let changed = false;
    const differing = batches.map((sorted) => {
      const outcome = this.#writeOne(state, sorted);
      changed ||= outcome.changed;
      return outcome.differing;
    });
    if (changed) {
      state.blockSet = this.#blockSet.toHex();
      this.#states.write(state);
    }
    return differing;
  }

  #writeOne(state: VaultState, { batch, order, repeats = [] }: SortedBatch): WriteOutcome {
    const { namespace, changed: isNew } = this.#namespaceOf(state, batch);
    const { expiry } = namespace;
    const day = expiry === null ? undefined : dayToBytes(today());
    if (expiry !== null) this.#days.begin(expiry);
    let fresh = order;
    let touched = 0;
    let spellings: SpellingCheck | undefined;
    if (this.#repeating.has(batch.namespace)) {
      if (namespace.canonical !== '') spellings = new SpellingCheck(this.#known, namespace, batch);
      const check = (known: KnownEntry) => {
        spellings?.known(known);
        if (namespace.kind === 'surrogate' && !this.#known.isStored(namespace, batch, known.position, known.ref)) {
          throw new VaultError('surrogate-raced');
        }
        if (day !== undefined && this.#days.touch(namespace, batch, known, day)) touched += 1;
      };
      const isPlain = namespace.canonical === '' && namespace.kind === 'token' && day === undefined;
      fresh = this.#known.fresh(namespace, batch, order, isPlain ? undefined : check);
      if (fresh.length === order.length) this.#repeating.delete(batch.namespace);
    } else if (repeats.length > 0) {
      spellings = new SpellingCheck(this.#known, namespace, batch);
    }
    if (fresh.length > 0) {
      const blocks = blockSizes(batch, fresh);
      this.#insertTokens(namespace, state.nextBlockId, batch, fresh, blocks, day);
      this.#insertBlocks(state, namespace, batch, fresh, blocks);
      if (day !== undefined) this.#days.add(batch, fresh, day);
    }
    if (expiry !== null) this.#days.end(expiry);
    return {
      changed: isNew || touched > 0 || fresh.length > 0,
      differing: spellings?.differing(repeats) ?? noPositions,
    };
  }

  #namespaceOf(state: VaultState, { namespace: name, use }: Batch): { namespace: NamespaceState; changed: boolean } {
    let namespace = state.namespaces.find((candidate) => candidate.name === name);
    let changed = false;
    if (namespace === undefined) {
      const { kind, canonical } = use;
      namespace = newNamespace(state.namespaces.length + 1, name, kind, canonical);
      this.#sql.insertNamespace.run(namespace.id, name);
      state.namespaces.push(namespace);
      changed = true;
    }
    // Looked at when the run began; another process may have made it since.
    assertSameUse(namespace, use, name);
    if (use.expiresDays !== undefined && namespace.expiry?.days !== use.expiresDays) {
      const { since = today(), daySet = emptySet } = namespace.expiry ?? {};
      namespace.expiry = { days: use.expiresDays, since, daySet };
      changed = true;
    }
    return { namespace, changed };
  }

  /** Inserts the token rows of blocks with consecutive ids. If one is there already, the transaction is undone. */
  #insertTokens(
    namespace: NamespaceState,
    firstBlockId: number,
    batch: Batch,
    fresh: Uint32Array,
    blocks: readonly number[],
    day: Uint8Array | undefined,
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
        const ref = runRef + start - runStart;
        const rows = { namespace: namespace.id, pack: this.#pack.fill(batch, part), count: part.length, ref };
        if (day === undefined) this.#sql.insertTokens.run(rows);
        else this.#sql.insertDatedTokens.run({ ...rows, day });
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
}

interface TokenRows {
  readonly namespace: number;
  readonly pack: Buffer;
  readonly count: number;
  readonly ref: number;
}

interface WriteOutcome {
  readonly changed: boolean;
  readonly differing: Uint32Array;
}

function activeDataKey(state: VaultState): KeyState {
  const key = state.keys.find((candidate) => candidate.purpose === 'data' && candidate.state === 'active');
  if (key === undefined) throw new VaultError('key-exhausted', { message: 'The vault has no active data key' });
  return key;
}

function isTokenConflict(error: unknown): boolean {
  return error instanceof Sqlite.SqliteError && error.code === 'SQLITE_CONSTRAINT_PRIMARYKEY';
}
