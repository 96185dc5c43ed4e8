import { setImmediate as nextTurn } from 'node:timers/promises';
import type { MasterKey } from '@sdp/shared/crypto';
import { VaultError } from '@sdp/shared/errors';
import { BatchBuilder, newBatchBuffers } from '../batch.ts';
import { BatchWriter } from '../batch-writer.ts';
import { type BlockRow, openBlockRow } from '../block-row.ts';
import { clearLeftovers } from '../erasure/clear-leftovers.ts';
import { tailBytes } from '../format.ts';
import { assertSameUse, type BatchUse } from '../namespace-use.ts';
import { openVaultFile, type VaultFile } from '../open-vault-file.ts';
import { VaultReader } from '../reader.ts';
import { newestCopies } from '../seen-copies.ts';
import { sortBatch } from '../sort-batch.ts';
import { vaultErrorFrom } from '../sqlite-errors.ts';
import type { NamespaceState, VaultState } from '../state.ts';
import { withWriteLock } from '../write-lock.ts';
import { adoptTombstones, erasureCheck, namespaceLike } from './adopt-tombstones.ts';
import { assertWhole } from './backup.ts';
import { changeState, readState } from './change-state.ts';
import type { MaintenanceRun } from './maintenance-run.ts';

/** Blocks that are read before others get their turn in this process. */
const blocksPerTurn = 256;

export interface MergeRequest {
  readonly path: string;
  readonly masterKey: MasterKey;
  /** The vault whose entries come in; only read. */
  readonly from: { readonly path: string; readonly masterKey: MasterKey };
}

export interface MergeOutcome {
  /** Entries that came in. */
  readonly added: number;
  /** Entries that were there already. */
  readonly known: number;
  /** Entries of the other vault that this one has erased. */
  readonly refused: number;
  /** Entries of this vault that the other one has erased. */
  readonly erased: number;
}

/**
 * Takes the entries of another vault in. Everything that could stop it is looked at before the first change; what it
 * changes then is many transactions, after each of which both vaults are whole, and a run that was stopped is simply
 * repeated: what is there already is left out. Erasures of either vault hold for both.
 *
 * @throws {VaultError} `vault-mismatch` for other token keys, or surrogates that stand for different values;
 *   `namespace-mismatch`, `token-collision`: nothing was changed
 * @throws {IntegrityError} `vault-tampered` if the other vault isn't whole
 * @throws the signal's reason when it aborts
 */
export async function mergeVault(request: MergeRequest, run: MaintenanceRun = {}): Promise<MergeOutcome> {
  const { path, masterKey, from } = request;
  await assertWhole(from.path, from.masterKey, { ...(run.signal === undefined ? {} : { signal: run.signal }) });
  const other = openVaultFile({ ...from, readOnly: true });
  let file: VaultFile | undefined;
  try {
    // One state of the other vault from the first look to the last.
    other.db.exec('BEGIN');
    const theirs = readState(other);
    file = openVaultFile({ path, masterKey });
    const mine = readState(file);
    assertFit(file, mine, other, theirs);
    assertNoConflicts(file, mine, other, theirs);
    const target = file;
    const { erased, traces } = changeState(file, (state) => {
      for (const source of theirs.namespaces) namespaceLike(target, state, source);
      inherit(state, theirs);
      return adoptTombstones(target, state, other, theirs);
    });
    const copied = await new EntryCopy(file, other, theirs).run(run);
    file.db.close();
    if (erased > 0) clearLeftovers({ path, masterKey }, [...traces]);
    return { ...copied, erased };
  } catch (error) {
    throw vaultErrorFrom(error);
  } finally {
    file?.db.close();
    other.db.close();
  }
}

function assertFit(file: VaultFile, mine: VaultState, other: VaultFile, theirs: VaultState): void {
  if (mine.retoken !== undefined || theirs.retoken !== undefined) {
    throw new VaultError('vault-mismatch', {
      message: 'The tokens of one of the vaults are being changed',
      remedy: 'Finish `sdp vault retoken` there first.',
    });
  }
  if (!file.keys.token.equals(other.keys.token) || !file.keys.hash.equals(other.keys.hash)) {
    throw new VaultError('vault-mismatch', {
      message: 'The two vaults make tokens with different keys: the same value has two tokens',
      remedy:
        'Vaults fit if they were made with one master key, or from one bundle of `sdp vault keys export`, and neither was retokened since. Otherwise detokenize the other vault’s files and tokenize them with this one.',
    });
  }
  for (const namespace of theirs.namespaces) {
    const same = mine.namespaces.find(({ name }) => name === namespace.name);
    if (same !== undefined) assertSameUse(same, namespace, namespace.name);
  }
}

/** Before anything is changed: no token may stand for two values. */
function assertNoConflicts(file: VaultFile, mine: VaultState, other: VaultFile, theirs: VaultState): void {
  const tailAt = file.db
    .prepare<[number, Uint8Array], Buffer>('SELECT tail FROM token_vault WHERE namespace_id = ? AND token = ?')
    .pluck();
  const rows = other.db
    .prepare<[number], [Buffer, Buffer]>('SELECT token, tail FROM token_vault WHERE namespace_id = ?')
    .raw();
  const [ours, others] = [new VaultReader(file.db, file.keys), new VaultReader(other.db, other.keys)];
  for (const { id, name, kind } of theirs.namespaces) {
    const same = mine.namespaces.find((namespace) => namespace.name === name);
    if (same === undefined) continue;
    let conflicts = 0;
    for (const [token, tail] of rows.iterate(id)) {
      const known = tailAt.get(same.id, token);
      if (known === undefined) continue;
      const isSame =
        kind === 'random'
          ? ours.entry(name, token)?.value() === others.entry(name, token)?.value()
          : known.compare(tail, 0, tailBytes, 0, tailBytes) === 0;
      if (!isSame) conflicts += 1;
    }
    if (conflicts === 0) continue;
    if (kind !== 'surrogate') throw new VaultError('token-collision');
    throw new VaultError('vault-mismatch', {
      message: `${conflicts} surrogates of namespace ${name} stand for different values in the two vaults`,
      remedy:
        'Detokenize the other vault’s files that use them, tokenize them again with this vault, and leave that namespace behind: `sdp vault forget` it there, then merge.',
      details: { count: conflicts },
    });
  }
}

/** What one vault knows of its keys' past holds for the merged one. */
export function inherit(state: VaultState, theirs: VaultState): void {
  state.masterFingerprints = [...new Set([...state.masterFingerprints, ...theirs.masterFingerprints])];
  const leaked = [...new Set([...(state.leaked ?? []), ...(theirs.leaked ?? [])])];
  if (leaked.length > 0) state.leaked = leaked;
  if (theirs.copies !== undefined) state.copies = newestCopies(state.copies, theirs.copies);
  if (theirs.leak === undefined) return;
  const pending = (['rekey', 'retoken'] as const).filter(
    (step) => state.leak?.pending.includes(step) || theirs.leak?.pending.includes(step),
  );
  state.leak = { since: state.leak?.since ?? theirs.leak.since, pending };
}

/** Goes through the other vault’s blocks and stores what isn't there. */
class EntryCopy {
  readonly #file: VaultFile;
  readonly #other: VaultFile;
  readonly #theirs: VaultState;
  readonly #writer: BatchWriter;
  readonly #counts = { added: 0, known: 0, refused: 0 };
  readonly #sql;
  #batch: BatchBuilder | undefined;

  constructor(file: VaultFile, other: VaultFile, theirs: VaultState) {
    this.#file = file;
    this.#other = other;
    this.#theirs = theirs;
    this.#writer = new BatchWriter(file.db, file.keys);
    file.db.pragma('busy_timeout = 0');
    this.#sql = {
      next: other.db.prepare<[number, number], BlockRow>(
        'SELECT * FROM vault_block WHERE block_id > ? AND namespace_id = ? ORDER BY block_id LIMIT 1',
      ),
      theirTail: other.db
        .prepare<[number, Uint8Array], Buffer>('SELECT tail FROM token_vault WHERE namespace_id = ? AND token = ?')
        .pluck(),
      known: file.db.prepare<[number, Uint8Array]>('SELECT 1 FROM token_vault WHERE namespace_id = ? AND token = ?'),
    };
  }

  async run({ onProgress, signal }: MaintenanceRun): Promise<{ added: number; known: number; refused: number }> {
    const total = this.#theirs.namespaces.reduce((sum, { blocks }) => sum + blocks, 0);
    let done = 0;
    for (const source of this.#theirs.namespaces) {
      const state = readState(this.#file);
      const ours = state.namespaces.find(({ name }) => name === source.name);
      if (ours === undefined) throw new VaultError('vault-keys-changed');
      const take = this.#taker(source, ours, erasureCheck(this.#file, state));
      for (
        let row = this.#sql.next.get(0, source.id);
        row !== undefined;
        row = this.#sql.next.get(row.block_id, source.id)
      ) {
        take(row);
        done += 1;
        if (done % blocksPerTurn !== 0) continue;
        onProgress?.(done, total);
        await nextTurn();
        signal?.throwIfAborted();
      }
      this.#write();
    }
    onProgress?.(done, Math.max(total, done));
    return this.#counts;
  }

  #taker(
    source: NamespaceState,
    ours: NamespaceState,
    isErased: ReturnType<typeof erasureCheck>,
  ): (row: BlockRow) => void {
    const { name, kind, canonical } = source;
    const use: BatchUse = { kind, canonical, expiresDays: ours.expiry?.days ?? source.expiry?.days };
    return (row) => {
      const block = openBlockRow(this.#other.db, this.#other.keys, name, row);
      for (let slot = 0; block !== undefined && slot < block.count; slot++) {
        if (block.isErased(slot)) continue;
        const token = Buffer.from(block.token(slot));
        if (this.#sql.known.get(ours.id, token) !== undefined) {
          this.#counts.known += 1;
          continue;
        }
        const value = block.value(slot);
        if (isErased(name, token, value)) {
          this.#counts.refused += 1;
          continue;
        }
        if (this.#batch?.isFull) this.#write();
        this.#batch ??= new BatchBuilder(name, newBatchBuffers(), use);
        const tail = this.#sql.theirTail.get(source.id, token)?.toString('hex', 0, tailBytes);
        this.#batch.add(value, token.toString('hex') + tail);
        this.#counts.added += 1;
      }
    };
  }

  #write(): void {
    const batch = this.#batch?.take();
    this.#batch = undefined;
    if (batch === undefined) return;
    const repeats: number[] = [];
    const sorted = { batch, order: sortBatch(batch, repeats), repeats };
    withWriteLock(() => this.#writer.write([sorted]));
  }
}
