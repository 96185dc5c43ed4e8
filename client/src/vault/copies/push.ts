import { type VaultCopyEntry, vaultCopyPageLimit } from '@sdp/shared/contracts';
import { TombstoneDigests, Tombstones } from '../erasure/tombstones.ts';
import { readState } from '../maintenance/change-state.ts';
import type { MaintenanceRun } from '../maintenance/maintenance-run.ts';
import type { VaultFile } from '../open-vault-file.ts';
import { CopyKeys } from './copy-keys.ts';
import type { CopyServer } from './copy-server.ts';
import { readEntries } from './read-entries.ts';

export interface PushOutcome {
  readonly entries: number;
  /** Of these, the ones that the server had not. */
  readonly stored: number;
  /** Refused by the server, since they were erased there before. */
  readonly refused: number;
  /** Too long to be copied. */
  readonly tooLong: number;
  /** Entries that went from the server because they were erased here. */
  readonly erased: number;
}

/** What the server takes of one sealed value, in characters; and of one request, near enough. */
const longestSealed = 1_400_000;
const requestCharacters = 8_000_000;
const charactersAnEntry = 220;

/**
 * Brings the server's copy up to this vault: first what was erased here goes there, then what it lacks is added. Stopped
 * at any moment, the next run completes it.
 *
 * @throws {IntegrityError} `vault-tampered`
 * @throws what the server's side throws
 */
export async function pushVault(file: VaultFile, server: CopyServer, run: MaintenanceRun = {}): Promise<PushOutcome> {
  const { db, keys } = file;
  const copyKeys = new CopyKeys(keys);
  const state = readState(file);
  const digests = new Map(state.namespaces.map(({ name }) => [name, copyKeys.namespaceDigest(name)]));
  const outcome = { entries: 0, stored: 0, refused: 0, tooLong: 0, erased: 0 };
  outcome.erased = await pushErasures(file, server, (id) => {
    const name = state.namespaces.find((namespace) => namespace.id === id)?.name;
    return name === undefined ? undefined : digests.get(name);
  });

  const seal = copyKeys.sealer();
  await server.push(
    state.namespaces.map(({ name, kind, canonical, expiry }) => {
      const namespace = copyKeys.namespaceDigest(name);
      const description = { name, kind, canonical, expiresDays: expiry?.days ?? null };
      return { namespace, sealed: seal(['namespace', namespace], Buffer.from(JSON.stringify(description))) };
    }),
    [],
  );

  const tombstones = new TombstoneDigests(keys);
  const total = state.namespaces.reduce((sum, { entries }) => sum + entries, 0);
  let page = new EntryPage(copyKeys);
  const send = async (): Promise<void> => {
    if (page.entries.length === 0) return;
    const { stored, erased } = await server.push([], page.entries);
    outcome.stored += stored;
    outcome.refused += erased;
    page = new EntryPage(copyKeys);
    run.onProgress?.(outcome.entries, Math.max(total, outcome.entries));
    run.signal?.throwIfAborted();
  };
  for (const values of readEntries(db, keys)) {
    for (const { namespace, token, tail, value } of values) {
      const digest = digests.get(namespace) ?? copyKeys.namespaceDigest(namespace);
      const erasure = tombstones.ofToken(namespace, token).toString('hex');
      if (page.add(digest, token, erasure, tail, value)) outcome.entries += 1;
      else outcome.tooLong += 1;
      if (page.isFull) await send();
    }
  }
  await send();
  return outcome;
}

async function pushErasures(
  { db, keys }: VaultFile,
  server: CopyServer,
  digestOf: (namespaceId: number) => string | undefined,
): Promise<number> {
  const erasures = [...new Tombstones(db, keys).all()].flatMap(({ namespace_id, digest, erased_on }) => {
    const namespace = digestOf(namespace_id);
    return namespace === undefined ? [] : [{ namespace, erasure: digest.toString('hex'), erased_on }];
  });
  let erased = 0;
  for (let start = 0; start < erasures.length; start += vaultCopyPageLimit) {
    erased += await server.erase(erasures.slice(start, start + vaultCopyPageLimit));
  }
  return erased;
}

/** Entries of one request, sealed under a key of their own. */
class EntryPage {
  readonly entries: VaultCopyEntry[] = [];
  readonly #seal: ReturnType<CopyKeys['sealer']>;
  #characters = 0;

  constructor(keys: CopyKeys) {
    this.#seal = keys.sealer();
  }

  get isFull(): boolean {
    return this.entries.length === vaultCopyPageLimit || this.#characters >= requestCharacters;
  }

  /** @returns `false` for a value that is too long */
  add(namespace: string, token: Uint8Array, erasure: string, tail: Uint8Array, value: string): boolean {
    const plaintext = Buffer.concat([tail, Buffer.from(value, 'utf8')]);
    if (plaintext.length * 1.34 + 100 > longestSealed) return false;
    const sealed = this.#seal(['entry', namespace, token], plaintext);
    this.entries.push({ namespace, token: Buffer.from(token).toString('hex'), erasure, sealed });
    this.#characters += sealed.length + charactersAnEntry;
    return true;
  }
}
