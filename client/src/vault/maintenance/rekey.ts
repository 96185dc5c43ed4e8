import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BlockRow } from '../block-row.ts';
import type { VaultFile } from '../open-vault-file.ts';
import { vaultErrorFrom } from '../sqlite-errors.ts';
import type { VaultState } from '../state.ts';
import { changeState } from './change-state.ts';
import { emptyWriteAheadLog, eraseWhatIsDeleted } from './erase-leftovers.ts';
import { activeKey, addKey, removeKeys, retireKey } from './key-rows.ts';
import { type LeakStep, leakStepDone, pendingAfterLeak } from './leak-steps.ts';
import type { MaintenanceRun } from './maintenance-run.ts';
import { BlockSealer } from './seal-block.ts';
import { removeAbandonedCopies } from './temporary-vault.ts';

/** Blocks that one transaction seals anew: some 2 MB, so that others get in every few hundredths of a second. */
const blocksPerCommit = 512;

export interface RekeyOutcome {
  /** Went on with what an earlier run had begun. */
  readonly resumed: boolean;
  /** Blocks that this run sealed anew. */
  readonly blocks: number;
  readonly keyId: string;
  /** Keys that are gone now, and their wrapped bytes with them. */
  readonly erasedKeys: readonly string[];
  /** Whether the write-ahead log could be emptied; if not, it goes when the last process closes the vault. */
  readonly logEmptied: boolean;
  readonly pendingAfterLeak: readonly LeakStep[];
}

/**
 * Gives the vault a new data key and seals every block anew under it. Others may read and write meanwhile: from the
 * first commit on, what they write is sealed under the new key. Stopped at any moment it leaves a whole vault, and the
 * next run goes on where it stopped. The old key goes in a transaction that has found no block under it.
 *
 * @throws {IntegrityError} `vault-tampered` at a block that doesn't open
 * @throws {VaultError} `vault-keys-changed`, `vault-unusable`
 * @throws the signal's reason when it aborts
 */
export async function rekeyVault(file: VaultFile, run: MaintenanceRun = {}): Promise<RekeyOutcome> {
  const { db } = file;
  try {
    db.pragma('busy_timeout = 0');
    eraseWhatIsDeleted(db);
    const { keyId, resumed } = changeState(file, (state) => begin(file, state));
    const blocks = await sealAllAnew(file, keyId, run);
    const erased = changeState(file, (state) => finish(file, state, keyId));
    removeAbandonedCopies(file.path);
    return {
      resumed,
      blocks,
      keyId: String(keyId),
      erasedKeys: erased.map(String),
      logEmptied: emptyWriteAheadLog(db),
      pendingAfterLeak: pendingAfterLeak(file),
    };
  } catch (error) {
    throw vaultErrorFrom(error);
  }
}

function begin(file: VaultFile, state: VaultState): { readonly keyId: number; readonly resumed: boolean } {
  const active = activeKey(state, 'data');
  const isUnfinished = state.keys.some((key) => key.purpose === 'data' && key.state === 'retired');
  if (active !== undefined && isUnfinished) return { keyId: active.id, resumed: true };
  const { id } = addKey(file, state, 'data');
  if (active !== undefined) retireKey(file, state, active.id);
  return { keyId: id, resumed: false };
}

async function sealAllAnew(file: VaultFile, keyId: number, { onProgress, signal }: MaintenanceRun): Promise<number> {
  const { db } = file;
  const old = db.prepare<[number, number, number], BlockRow>(
    'SELECT * FROM vault_block WHERE block_id > ? AND key_id <> ? ORDER BY block_id LIMIT ?',
  );
  const total =
    db.prepare<[number], number>('SELECT count(*) FROM vault_block WHERE key_id <> ?').pluck().get(keyId) ?? 0;
  let last = 0;
  let done = 0;
  for (;;) {
    const count = changeState(file, (state) => {
      const rows = old.all(last, keyId, blocksPerCommit);
      if (rows.length > 0) sealAnew(file, state, rows);
      last = rows.at(-1)?.block_id ?? last;
      return rows.length;
    });
    if (count === 0) return done;
    done += count;
    onProgress?.(done, Math.max(total, done));
    await nextTurn();
    signal?.throwIfAborted();
  }
}

function sealAnew(file: VaultFile, state: VaultState, rows: readonly BlockRow[]): void {
  const sealer = new BlockSealer(file, state);
  for (const row of rows) sealer.replace(row, sealer.open(row));
  sealer.end();
}

function finish(file: VaultFile, state: VaultState, keyId: number): readonly number[] {
  const under = file.db
    .prepare<[number], number>('SELECT count(*) FROM vault_block WHERE key_id <> ?')
    .pluck()
    .get(keyId);
  const retired = state.keys.filter((key) => key.purpose === 'data' && key.id !== keyId).map(({ id }) => id);
  // Nobody seals under a retired key. Should a block be left all the same, its key stays, and the next run goes on.
  if (under !== 0) return [];
  removeKeys(file, state, retired);
  leakStepDone(state, 'rekey');
  return retired;
}
