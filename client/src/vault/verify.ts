import { setImmediate as nextTurn } from 'node:timers/promises';
import { VaultError } from '@sdp/shared/errors';
import type { KeyedHash } from '@sdp/shared/tokenization';
import type { OpenedBlock } from './block.ts';
import { type BlockRow, openBlockRow } from './block-row.ts';
import { BlockSet } from './block-set.ts';
import { createSequence, type Database, schemaVersionOf } from './database.ts';
import { type EntryDigest, entryDigest, mayChange } from './entry-digest.ts';
import { tombstonesFit } from './erasure/tombstones.ts';
import { blockCapacity, digestBytes, tailBytes, tokenBytes } from './format.ts';
import type { Keyring } from './keyring.ts';
import { SetDigest } from './set-digest.ts';
import { vaultErrorFrom } from './sqlite-errors.ts';
import { emptySet, StateStore, type VaultState } from './state.ts';
import type { Damage, DamageKind, VerifyProgress, VerifyReport } from './verify-report.ts';

export interface VerifyOptions {
  readonly keys: Keyring;
  /** The digest whose first bytes are a value's token. */
  readonly digestOf: (namespace: string) => KeyedHash;
  /** The one before it, while the tokens are being changed. */
  readonly formerDigestOf?: ((namespace: string) => KeyedHash) | undefined;
  readonly onProgress?: (progress: VerifyProgress) => void;
  readonly signal?: AbortSignal;
}

/** What is looked for in the blocks of a namespace. */
interface CheckedNamespace {
  readonly name: string;
  readonly digest: EntryDigest;
  readonly formerDigest: EntryDigest | undefined;
  readonly mayChange: boolean;
}

const blocksPerTurn = 128;
const daysPerTurn = 65_536;
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
  readonly #namespaces: ReadonlyMap<number, CheckedNamespace>;
  readonly #pack = Buffer.alloc(blockCapacity * digestBytes);
  readonly #sql;
  readonly #damage: Damage[] = [];
  #damageCount = 0;
  #blocks = 0;
  #reformed = 0;
  readonly #entries = new Map<number, number>();

  constructor(db: Database, options: VerifyOptions) {
    this.#db = db;
    this.#options = options;
    this.#state = new StateStore(db, options.keys.vaultId, options.keys.state, options.keys.ids.state).read();
    const tokenKey = this.#state.keys.find((key) => key.purpose === 'token' && key.state === 'active');
    if (tokenKey?.id !== options.keys.ids.token) throw new VaultError('vault-keys-changed');
    this.#blockSet = new BlockSet(options.keys.state);
    this.#namespaces = new Map(
      this.#state.namespaces.map((namespace) => {
        const digestWith = (digestOf: (namespace: string) => KeyedHash) =>
          entryDigest(namespace, options.keys, digestOf);
        const checked: CheckedNamespace = {
          name: namespace.name,
          digest: digestWith(options.digestOf),
          formerDigest: options.formerDigestOf && digestWith(options.formerDigestOf),
          mayChange: mayChange(namespace),
        };
        return [namespace.id, checked];
      }),
    );
    this.#sql = {
      nextBlock: db.prepare<[number], BlockRow>(
        'SELECT * FROM vault_block WHERE block_id > ? ORDER BY block_id LIMIT 1',
      ),
      fitting: db
        .prepare<[{ namespace: number; pack: Buffer; count: number; ref: number }], number>(
          `SELECT count(*) FROM temp.seq s CROSS JOIN token_vault v
           WHERE s.i < :count AND v.namespace_id = :namespace AND v.ref = :ref + s.i
             AND v.token = substr(:pack, s.i * ${digestBytes} + 1, ${tokenBytes})
             AND substr(v.tail, 1, ${tailBytes}) = substr(:pack, s.i * ${digestBytes} + ${tokenBytes + 1}, ${tailBytes})`,
        )
        .pluck(),
      tokenRow: db.prepare<[number, Uint8Array], number>(
        'SELECT 1 FROM token_vault WHERE namespace_id = ? AND token = ?',
      ),
      tokenAt: db.prepare<[number, Uint8Array, number], number>(
        'SELECT 1 FROM token_vault WHERE namespace_id = ? AND token = ? AND ref = ?',
      ),
      days: db
        .prepare<[], [number, Buffer, Buffer]>(
          `SELECT namespace_id, token, substr(tail, ${tailBytes + 1}) FROM token_vault WHERE length(tail) <> ${tailBytes}`,
        )
        .raw(),
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
      this.#checkDays();
      this.#checkTombstones();
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
      tombstones: this.#state.tombstones.count,
      reformed: this.#reformed,
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
    const namespace = this.#namespaces.get(row.namespace_id);
    if (Buffer.isBuffer(row.sealed)) this.#blockSet.toggle(row.block_id, row.sealed);
    if (namespace === undefined) {
      this.#found('unknown-namespace', 1, { blockId: row.block_id });
      return;
    }
    const where = { namespace: namespace.name, blockId: row.block_id };
    const block = openBlockRow(this.#db, this.#options.keys, namespace.name, row);
    if (block === undefined) {
      this.#found(this.#options.keys.data.has(row.key_id) ? 'block-unreadable' : 'unknown-key', 1, where);
      return;
    }
    const entries = block.count - erasedIn(block);
    this.#entries.set(row.namespace_id, (this.#entries.get(row.namespace_id) ?? 0) + entries);
    this.#checkEntries(row, block, entries, { ...where, checked: namespace });
  }

  #checkEntries(
    row: BlockRow,
    block: OpenedBlock,
    entries: number,
    { checked, ...where }: { namespace: string; blockId: number; checked: CheckedNamespace },
  ): void {
    const ref = row.block_id * blockCapacity;
    const { retoken } = this.#state;
    const isFormer = retoken !== undefined && row.block_id >= retoken.next && row.block_id < retoken.end;
    const digest = (isFormer ? checked.formerDigest : undefined) ?? checked.digest;
    let mismatches = 0;
    let fitting = 0;
    for (let slot = 0; slot < block.count; slot++) {
      const place = slot * digestBytes;
      if (block.isErased(slot)) {
        this.#pack.fill(0, place, place + digestBytes);
        continue;
      }
      const token = block.token(slot);
      const digestHex = digest(block.value(slot), () => Buffer.from(token).toString('hex'));
      this.#pack.write(digestHex, place, digestBytes, 'hex');
      if (block.holds(slot, this.#pack.subarray(place, place + tokenBytes))) continue;
      if (!checked.mayChange) mismatches++;
      else if (this.#sql.tokenAt.get(row.namespace_id, token, ref + slot) !== undefined) {
        this.#reformed += 1;
        fitting += 1;
      }
    }
    if (mismatches > 0) this.#found('value-mismatch', mismatches, where);
    fitting += this.#sql.fitting.get({ namespace: row.namespace_id, pack: this.#pack, count: block.count, ref }) ?? 0;
    if (fitting === entries) return;
    let missing = 0;
    for (let slot = 0; slot < block.count; slot++) {
      if (block.isErased(slot)) continue;
      if (this.#sql.tokenRow.get(row.namespace_id, block.token(slot)) === undefined) missing++;
    }
    if (missing > 0) this.#found('token-missing', missing, where);
    const elsewhere = Math.abs(entries - fitting - missing);
    if (elsewhere > 0) this.#found('token-misdirected', elsewhere, where);
  }

  /** Whatever follows a tail must be a day that is in the digest of its namespace. */
  #checkDays(): void {
    const sets = new Map<number, SetDigest>();
    let rows = 0;
    for (const [namespaceId, token, day] of this.#sql.days.iterate()) {
      let set = sets.get(namespaceId);
      if (set === undefined) {
        set = new SetDigest(this.#options.keys.state, 'vault-day-set-v1');
        sets.set(namespaceId, set);
      }
      set.toggle(token, day);
      rows += 1;
      if (rows % daysPerTurn === 0) this.#options.signal?.throwIfAborted();
    }
    for (const { id, name, expiry } of this.#state.namespaces) {
      const found = sets.get(id)?.toHex() ?? emptySet;
      if (found !== (expiry?.daySet ?? emptySet)) this.#found('days-changed', 1, { namespace: name });
    }
  }

  #checkTombstones(): void {
    if (schemaVersionOf(this.#db) === 1) return;
    if (!tombstonesFit(this.#db, this.#options.keys, this.#state)) this.#found('tombstones-changed', 1);
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

function erasedIn(block: OpenedBlock): number {
  let erased = 0;
  for (let slot = 0; slot < block.count; slot++) if (block.isErased(slot)) erased++;
  return erased;
}
