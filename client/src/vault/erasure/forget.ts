import { deriveKey, hmacHex } from '@sdp/shared/crypto';
import { VaultError } from '@sdp/shared/errors';
import { today } from '../entry-days.ts';
import { changeState, readState } from '../maintenance/change-state.ts';
import { openVaultFile, type VaultFile } from '../open-vault-file.ts';
import { vaultErrorFrom } from '../sqlite-errors.ts';
import type { VaultState } from '../state.ts';
import { type ErasureCertificate, signCertificate } from './certificate.ts';
import { type ClearanceWatch, clearLeftovers, type VaultPlace } from './clear-leftovers.ts';
import { eraseEntries } from './erase-entries.ts';
import { type EntrySelection, type FindResult, findEntries } from './find-entries.ts';
import { Tombstones } from './tombstones.ts';

/** What a selection would erase, or has erased. */
export interface ForgetOutcome {
  readonly namespaces: readonly { readonly namespace: string; readonly entries: number }[];
  readonly entries: number;
  /** Of what was asked for: erased earlier, and never there. */
  readonly erasedBefore: number;
  readonly unknown: number;
}

/** Counts what {@link forgetEntries} would erase, and changes nothing. @throws {VaultError} @throws {IntegrityError} */
export function countForgettable(vault: VaultPlace, selection: EntrySelection): ForgetOutcome {
  return withFile(vault, (file) => {
    assertNamespacesKnown(readState(file), selection);
    return file.db.transaction(() => outcomeOf(findEntries(file, readState(file), selection)))();
  });
}

/**
 * Erases entries for good, in one transaction, and then makes sure that nothing of them is left in the vault's files.
 * What they were is known by tombstones alone. Stopped after the transaction, the next run finishes the rest.
 *
 * Opens and closes the vault itself: its files are searched while it is closed. The process must not have it open elsewhere.
 *
 * @throws {VaultError} `vault-…`
 * @throws {IntegrityError} `vault-tampered`
 */
export function forgetEntries(
  vault: VaultPlace,
  selection: EntrySelection,
  toolVersion: string,
  watch: ClearanceWatch = {},
): ErasureCertificate {
  const erased = withFile(vault, (file) => {
    assertNamespacesKnown(readState(file), selection);
    file.db.pragma('secure_delete = ON');
    const stateBefore = stateDigest(file);
    const { leftovers = false } = readState(file);
    const result = changeState(file, (state) => erase(file, state, selection));
    return { ...result, stateBefore, leftovers };
  });
  const { outcome, traces, stateBefore, leftovers } = erased;
  // What an interrupted run has left can't be searched for any more: the whole file is written anew.
  const cleared = guarded(() => clearLeftovers(vault, leftovers ? undefined : traces, watch));
  return withFile(vault, (file) =>
    signCertificate(file.keys, {
      vault_id: file.keys.vaultId,
      erased_at: new Date().toISOString(),
      tool_version: toolVersion,
      asked: {
        tokens: selection.tokens.length,
        values: selection.values.length,
        namespaces: selection.namespaces === undefined ? null : [...selection.namespaces],
      },
      erased: [...outcome.namespaces],
      entries: outcome.entries,
      erased_before: outcome.erasedBefore,
      unknown: outcome.unknown,
      state_before: stateBefore,
      state_after: stateDigest(file),
      tombstones: readState(file).tombstones.count,
      search: { bytes: cleared.bytesSearched, found: cleared.tracesLeft, file_written_anew: cleared.rewritten },
      not_reached: placesNotReached(readState(file)),
      complete: cleared.complete,
    }),
  );
}

function placesNotReached({ copies = [] }: VaultState): string[] {
  return [
    'backups and other copies of the vault',
    'raw and detokenized files',
    ...copies.map(({ server }) => `the copy on ${server}, until \`sdp vault push\``),
  ];
}

function erase(
  file: VaultFile,
  state: VaultState,
  selection: EntrySelection,
): { readonly outcome: ForgetOutcome; readonly traces: readonly Buffer[] } {
  const result = findEntries(file, state, selection);
  const tombstones = new Tombstones(file.db, file.keys);
  const traces: Buffer[] = [];
  for (const { namespace, entries, tombstones: digests } of result.found) {
    for (const trace of eraseEntries(file, state, namespace, entries)) traces.push(trace);
    tombstones.add(state, namespace.id, digests, today());
    namespace.forgotten += entries.length;
  }
  return { outcome: outcomeOf(result), traces };
}

function outcomeOf({ found, erasedBefore, unknown }: FindResult): ForgetOutcome {
  const namespaces = found.map(({ namespace, entries }) => ({ namespace: namespace.name, entries: entries.length }));
  return { namespaces, entries: namespaces.reduce((sum, { entries }) => sum + entries, 0), erasedBefore, unknown };
}

function assertNamespacesKnown(state: VaultState, { namespaces = [] }: EntrySelection): void {
  const unknown = namespaces.find((name) => state.namespaces.every((known) => known.name !== name));
  if (unknown === undefined) return;
  throw new VaultError('namespace-unknown', { message: `The vault has no namespace ${unknown}` });
}

/** A digest of the sealed state as it lies in the file: another one after every commit. */
function stateDigest({ db, keys }: VaultFile): string {
  const blob = db.prepare<[], Buffer>(`SELECT value FROM vault_meta WHERE name = 'state'`).pluck().get();
  return hmacHex(deriveKey(keys.manifest, 'certificate-state-v1'), blob ?? '');
}

function withFile<T>(vault: VaultPlace, work: (file: VaultFile) => T): T {
  const file = openVaultFile(vault);
  try {
    return guarded(() => work(file));
  } finally {
    file.db.close();
  }
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw vaultErrorFrom(error);
  }
}
