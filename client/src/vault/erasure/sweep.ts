import { setImmediate as nextTurn } from 'node:timers/promises';
import { dayToBytes, today } from '../entry-days.ts';
import { tailBytes } from '../format.ts';
import { changeState, readState } from '../maintenance/change-state.ts';
import type { MaintenanceRun } from '../maintenance/maintenance-run.ts';
import { removeAbandonedCopies } from '../maintenance/temporary-vault.ts';
import { openVaultFile, type VaultFile } from '../open-vault-file.ts';
import { vaultErrorFrom } from '../sqlite-errors.ts';
import type { NamespaceState, VaultState } from '../state.ts';
import type { VaultPlace } from './clear-leftovers.ts';
import { clearLog } from './clear-log.ts';
import { type EntryRow, eraseEntries } from './erase-entries.ts';
import { TombstoneDigests, Tombstones } from './tombstones.ts';

/** Entries that one transaction erases at most: others get in between. */
const entriesPerCommit = 16_384;

export interface SweepOutcome {
  readonly namespaces: readonly {
    readonly namespace: string;
    readonly expiresDays: number;
    readonly entries: number;
    readonly expired: number;
  }[];
  readonly expired: number;
  /** Whether the write-ahead log could be cleared; not while another process reads the vault. */
  readonly logCleared: boolean;
}

export interface SweepRequest extends MaintenanceRun {
  readonly dryRun?: boolean;
  /** Days since 1970-01-01; today where left out. */
  readonly day?: number;
}

/**
 * Erases what nobody has tokenized for as long as its namespace keeps values, in transactions of bounded size; stopped at
 * any moment it leaves a whole vault, and the next run goes on. Leaves no tombstones but for surrogates, whose places must
 * not be given to others.
 *
 * @throws {VaultError} `vault-…`
 * @throws {IntegrityError} `vault-tampered`
 * @throws the signal's reason when it aborts
 */
export async function sweepVault(vault: VaultPlace, request: SweepRequest = {}): Promise<SweepOutcome> {
  const { dryRun = false, day = today() } = request;
  const file = openVaultFile(vault);
  try {
    file.db.pragma('secure_delete = ON');
    const namespaces: SweepOutcome['namespaces'][number][] = [];
    let total = 0;
    const kept = readState(file).namespaces.filter(({ expiry }) => expiry !== null);
    for (const { id, name, expiry, entries } of kept) {
      if (expiry === null) continue;
      const expired = dryRun ? countExpired(file, id, day) : await eraseExpired(file, id, day, request, total);
      total += expired;
      namespaces.push({
        namespace: name,
        expiresDays: expiry.days,
        entries: dryRun ? entries : entries - expired,
        expired,
      });
    }
    if (!dryRun) removeAbandonedCopies(vault.path);
    const logCleared = dryRun || total === 0 || clearLog(file.db, vault.path);
    return { namespaces, expired: total, logCleared };
  } catch (error) {
    throw vaultErrorFrom(error);
  } finally {
    file.db.close();
  }
}

async function eraseExpired(
  file: VaultFile,
  namespaceId: number,
  day: number,
  { onProgress, signal }: SweepRequest,
  before: number,
): Promise<number> {
  let erased = 0;
  // Expired rows are erased as they are met: each search goes on where the last one stopped.
  let from: Buffer = Buffer.alloc(0);
  for (;;) {
    const found = changeState(file, (state) => {
      const namespace = namespaceOf(state, namespaceId);
      const rows = expiredRows(file, namespace, day, from);
      if (rows.length > 0) eraseRows(file, state, namespace, rows);
      return rows;
    });
    const last = found.at(-1);
    if (last === undefined) return erased;
    from = last.token;
    erased += found.length;
    onProgress?.(before + erased, 0);
    await nextTurn();
    signal?.throwIfAborted();
  }
}

function eraseRows(file: VaultFile, state: VaultState, namespace: NamespaceState, rows: readonly EntryRow[]): void {
  const { leftovers } = state;
  eraseEntries(file, state, namespace, rows);
  // Nothing is searched for here: that is what `forget` promises.
  if (leftovers === undefined) delete state.leftovers;
  namespace.expired += rows.length;
  if (namespace.kind !== 'surrogate') return;
  const digests = new TombstoneDigests(file.keys);
  const stones = rows.map(({ token }) => digests.ofToken(namespace.name, token));
  new Tombstones(file.db, file.keys).add(state, namespace.id, stones, today());
}

function expiredRows(file: VaultFile, namespace: NamespaceState, day: number, after: Buffer): EntryRow[] {
  const [condition, parameters] = expiredCondition(namespace, day);
  return file.db
    .prepare<unknown[], EntryRow>(
      `SELECT token, ref, tail FROM token_vault WHERE namespace_id = ? AND token > ? AND ${condition}
       ORDER BY token LIMIT ${entriesPerCommit}`,
    )
    .all(namespace.id, after, ...parameters);
}

function countExpired(file: VaultFile, namespaceId: number, day: number): number {
  const namespace = namespaceOf(readState(file), namespaceId);
  const [condition, parameters] = expiredCondition(namespace, day);
  return (
    file.db
      .prepare<unknown[], number>(`SELECT count(*) FROM token_vault WHERE namespace_id = ? AND ${condition}`)
      .pluck()
      .get(namespace.id, ...parameters) ?? 0
  );
}

/** An entry expires on the day that is so many days after its last use; without a day, after the namespace got an expiry. */
function expiredCondition({ expiry }: NamespaceState, day: number): [string, readonly unknown[]] {
  if (expiry === null || day < expiry.days) return ['0', []];
  const lastUse = day - expiry.days;
  const dated = `(length(tail) > ${tailBytes} AND substr(tail, ${tailBytes + 1}) <= ?)`;
  const parameters = [dayToBytes(lastUse)];
  return expiry.since <= lastUse ? [`(length(tail) = ${tailBytes} OR ${dated})`, parameters] : [dated, parameters];
}

function namespaceOf(state: VaultState, id: number): NamespaceState {
  const namespace = state.namespaces.find((candidate) => candidate.id === id);
  if (namespace === undefined) throw new RangeError('Namespaces are never removed.');
  return namespace;
}
