import { setImmediate as nextTurn } from 'node:timers/promises';
import type { KeyedHash } from '@sdp/shared/tokenization';
import type { OpenedBlock } from './block.ts';
import { BlockSet } from './block-set.ts';
import { createSequence, type Database } from './database.ts';
import { blockCapacity, digestBytes, tailBytes, tokenBytes } from './format.ts';
import type { Keyring } from './keyring.ts';
import { type BlockRow, openBlockRow } from './reader.ts';
import { vaultErrorFrom } from './sqlite-errors.ts';
import { StateStore, type VaultState } from './state.ts';
import type { Damage, DamageKind, VerifyProgress, VerifyReport } from './verify-report.ts';

export interface VerifyOptions {
  readonly keys: Keyring;
  /** The digest whose first bytes are a value's token. */
  readonly digestOf: (namespace: string) => KeyedHash;
  readonly onProgress?: (progress: VerifyProgress) => void;
  readonly signal?: AbortSignal;
}

const blocksPerTurn = 128;
const damageListed = 1_000;

/**
 * Reads every block and entry of the file as it stood when the check began, on a connection of its own.
 *
 * That no token row is left over follows from counting: every entry has a row that refers to exactly it, so as many rows
 * as entries means there are no others.
 *
 * @throws {IntegrityError} `vault-tampered` if not even the sealed state can be read
 * @throws the signal's reason when it aborts
 */
export async function verifyVault(db: Database, options: VerifyOptions): Promise<VerifyReport> {
  createSequence(db, blockCapacity);
  db.exec('BEGIN');
  try {
    const check = new VaultCheck(db, options);
    await check.run();
    return check.report();
  } finally {
    if (db.inTransaction) db.exec('ROLLBACK');
  }
}

class VaultCheck {
  readonly #db: Database;
  readonly #options: VerifyOptions;
  readonly #state: VaultState;
  readonly #blockSet: BlockSet;
  readonly #names: ReadonlyMap<number, string>;
  readonly #pack = Buffer.alloc(blockCapacity * digestBytes);
  readonly #sql;
  readonly #damage: Damage[] = [];
  #damageCount = 0;
  #blocks = 0;
  readonly #entries = new Map<number, number>();

  constructor(db: Database, options: VerifyOptions) {
    this.#db = db;
    this.#options = options;
    this.#state = new StateStore(db, options.keys.vaultId, options.keys.state, options.keys.ids.state).read();
    this.#blockSet = new BlockSet(options.keys.state);
    this.#names = new Map(this.#state.namespaces.map(({ id, name }) => [id, name]));
    this.#sql = {
      nextBlock: db.prepare<[number], BlockRow>(
        'SELECT * FROM vault_block WHERE block_id > ? ORDER BY block_id LIMIT 1',
      ),
      fitting: db
        .prepare<[{ namespace: number; pack: Buffer; count: number; ref: number }], number>(
          `SELECT count(*) FROM temp.seq s CROSS JOIN token_vault v
           WHERE s.i < :count AND v.namespace_id = :namespace AND v.ref = :ref + s.i
             AND v.token = substr(:pack, s.i * ${digestBytes} + 1, ${tokenBytes})
             AND v.tail = substr(:pack, s.i * ${digestBytes} + ${tokenBytes + 1}, ${tailBytes})`,
        )
        .pluck(),
      tokenRow: db.prepare<[number, Uint8Array], number>(
        'SELECT 1 FROM token_vault WHERE namespace_id = ? AND token = ?',
      ),
      tokenCounts: db
        .prepare<[], [number, number]>('SELECT namespace_id, count(*) FROM token_vault GROUP BY namespace_id')
        .raw(),
    };
  }

  async run(): Promise<void> {
    try {
      this.#checkStructure();
      await this.#checkBlocks();
      this.#checkCounts();
    } catch (error) {
      const known = vaultErrorFrom(error);
      // A page that SQLite can't read ends the check, and is what it was looking for.
      if (known === error) throw error;
      this.#found('structure', 1);
    }
  }

  report(): VerifyReport {
    let entries = 0;
    for (const count of this.#entries.values()) entries += count;
    return {
      ok: this.#damageCount === 0,
      entries,
      blocks: this.#blocks,
      damage: this.#damage,
      damageCount: this.#damageCount,
    };
  }

  #found(kind: DamageKind, count: number, where: Omit<Damage, 'kind' | 'count'> = {}): void {
    this.#damageCount += 1;
    if (this.#damage.length < damageListed) this.#damage.push({ kind, ...where, count });
  }

  #checkStructure(): void {
    const problems = this.#db.prepare<[], string>('PRAGMA quick_check').pluck().all();
    if (problems.length !== 1 || problems[0] !== 'ok') this.#found('structure', problems.length);
  }

  async #checkBlocks(): Promise<void> {
    const blocksTotal = this.#state.namespaces.reduce((sum, namespace) => sum + namespace.blocks, 0);
    let last = Number.MIN_SAFE_INTEGER;
    for (let row = this.#sql.nextBlock.get(last); row !== undefined; row = this.#sql.nextBlock.get(last)) {
      last = row.block_id;
      this.#blocks += 1;
      this.#checkBlock(row);
      if (this.#blocks % blocksPerTurn === 0) {
        this.#options.onProgress?.({ blocksRead: this.#blocks, blocksTotal });
        await nextTurn();
        this.#options.signal?.throwIfAborted();
      }
    }
    this.#options.onProgress?.({ blocksRead: this.#blocks, blocksTotal: Math.max(blocksTotal, this.#blocks) });
    if (this.#blocks !== blocksTotal || this.#blockSet.toHex() !== this.#state.blockSet) {
      this.#found('blocks-changed', Math.max(1, Math.abs(this.#blocks - blocksTotal)));
    }
  }

  #checkBlock(row: BlockRow): void {
    const namespace = this.#names.get(row.namespace_id);
    if (Buffer.isBuffer(row.sealed)) this.#blockSet.toggle(row.block_id, row.sealed);
    if (namespace === undefined) {
      this.#found('unknown-namespace', 1, { blockId: row.block_id });
      return;
    }
    const where = { namespace, blockId: row.block_id };
    const block = openBlockRow(this.#db, this.#options.keys, namespace, row);
    if (block === undefined) {
      this.#found(this.#options.keys.data.has(row.key_id) ? 'block-unreadable' : 'unknown-key', 1, where);
      return;
    }
    this.#entries.set(row.namespace_id, (this.#entries.get(row.namespace_id) ?? 0) + block.count);
    this.#checkEntries(row, block, where);
  }

  #checkEntries(row: BlockRow, block: OpenedBlock, where: { namespace: string; blockId: number }): void {
    const digest = this.#options.digestOf(where.namespace);
    let mismatches = 0;
    for (let slot = 0; slot < block.count; slot++) {
      this.#pack.write(digest(block.value(slot)), slot * digestBytes, digestBytes, 'hex');
      if (!block.holds(slot, this.#pack.subarray(slot * digestBytes, slot * digestBytes + tokenBytes))) mismatches++;
    }
    if (mismatches > 0) this.#found('value-mismatch', mismatches, where);
    const fitting = this.#sql.fitting.get({
      namespace: row.namespace_id,
      pack: this.#pack,
      count: block.count,
      ref: row.block_id * blockCapacity,
    });
    if (fitting === block.count) return;
    let missing = 0;
    for (let slot = 0; slot < block.count; slot++) {
      if (this.#sql.tokenRow.get(row.namespace_id, block.token(slot)) === undefined) missing++;
    }
    if (missing > 0) this.#found('token-missing', missing, where);
    const elsewhere = block.count - (fitting ?? 0) - missing;
    if (elsewhere > 0) this.#found('token-misdirected', elsewhere, where);
  }

  #checkCounts(): void {
    const rows = new Map(this.#sql.tokenCounts.all());
    for (const { id, name, entries } of this.#state.namespaces) {
      const sealed = this.#entries.get(id) ?? 0;
      const tokens = rows.get(id) ?? 0;
      rows.delete(id);
      if (tokens > sealed) this.#found('token-without-entry', tokens - sealed, { namespace: name });
      if (sealed !== entries || tokens !== entries) {
        const difference = Math.max(Math.abs(sealed - entries), Math.abs(tokens - entries));
        this.#found('count-mismatch', difference, { namespace: name });
      }
    }
    for (const count of rows.values()) this.#found('unknown-namespace', count);
  }
}
