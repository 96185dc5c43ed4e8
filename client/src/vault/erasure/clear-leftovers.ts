import type { MasterKey } from '@sdp/shared/crypto';
import { changeState } from '../maintenance/change-state.ts';
import { removeAbandonedCopies } from '../maintenance/temporary-vault.ts';
import { openVaultFile } from '../open-vault-file.ts';
import { withWriteLock } from '../write-lock.ts';
import { clearLog } from './clear-log.ts';
import { searchTraces } from './trace-search.ts';

const readersAwaitedMs = 2_000;

export interface VaultPlace {
  readonly path: string;
  readonly masterKey: MasterKey;
}

/** Is told how far it is; large vaults take minutes. */
export interface ClearanceWatch {
  readonly onStep?: (step: 'clearing the log' | 'searching the file' | 'writing the file anew') => void;
  readonly onSearched?: (bytes: number, total: number) => void;
}

/** What was done to leave nothing of erased entries in the files of the vault. */
export interface Clearance {
  /** Bytes of the vault's files that were searched. */
  readonly bytesSearched: number;
  /** Leftovers that were found at last: none, unless another process kept the vault. */
  readonly tracesLeft: number;
  /** Whether the file was written anew as a whole, because there were leftovers before. */
  readonly rewritten: boolean;
  readonly complete: boolean;
}

/**
 * Makes sure that nothing of erased entries is left: clears the log, searches the closed files for them, and writes the
 * file anew where a page that SQLite has rearranged still shows some.
 *
 * @param traces what to search for; without, the file is written anew in any case
 */
export function clearLeftovers(
  vault: VaultPlace,
  traces?: readonly Buffer[],
  { onStep, onSearched }: ClearanceWatch = {},
): Clearance {
  const { path } = vault;
  const searchFiles = () => {
    onStep?.('searching the file');
    return searchTraces(files, traces ?? [], onSearched);
  };
  const files = [path, `${path}-wal`, `${path}-shm`];
  removeAbandonedCopies(path);
  onStep?.(traces === undefined ? 'writing the file anew' : 'clearing the log');
  let complete = clearAll(vault, { rewrite: traces === undefined });
  let search = searchFiles();
  let rewritten = traces === undefined;
  if (search.found > 0 && complete) {
    rewritten = true;
    onStep?.('writing the file anew');
    complete = clearAll(vault, { rewrite: true });
    search = searchFiles();
  }
  complete &&= search.found === 0;
  if (complete) markCleared(vault);
  return { bytesSearched: search.bytes, tracesLeft: search.found, rewritten, complete };
}

function clearAll(vault: VaultPlace, { rewrite }: { readonly rewrite: boolean }): boolean {
  const { db } = openVaultFile(vault);
  try {
    db.pragma('secure_delete = ON');
    // A reader may stay for hours: the answer is wanted now, and the next run goes on.
    db.pragma(`busy_timeout = ${readersAwaitedMs}`);
    if (rewrite) {
      // The copy may be as large as the vault: not in memory.
      db.pragma('temp_store = FILE');
      withWriteLock(() => db.exec('VACUUM'));
    }
    return clearLog(db, vault.path);
  } finally {
    db.close();
  }
}

function markCleared(vault: VaultPlace): void {
  const file = openVaultFile(vault);
  try {
    changeState(file, (state) => {
      delete state.leftovers;
    });
  } finally {
    file.db.close();
  }
}
