import { type VaultCopyErasure, vaultCopyPageLimit } from '@sdp/shared/contracts';
import { TombstoneDigests, Tombstones } from '../erasure/tombstones.ts';
import { readState } from '../maintenance/change-state.ts';
import type { MaintenanceRun } from '../maintenance/maintenance-run.ts';
import type { VaultFile } from '../open-vault-file.ts';
import { vaultErrorFrom } from '../sqlite-errors.ts';
import type { VaultState } from '../state.ts';
import { CopyChange } from './copy-change.ts';
import { CopyContents } from './copy-contents.ts';
import { rememberCopy } from './copy-head.ts';
import { CopyKeys } from './copy-keys.ts';
import type { CopyServer } from './copy-server.ts';
import { EntryPage } from './entry-page.ts';
import { readEntries } from './read-entries.ts';

export interface PushRequest extends MaintenanceRun {
  /** Removes the copy first. */
  readonly fromScratch?: boolean;
}

export interface PushOutcome {
  readonly entries: number;
  /** Of these, the ones that the server had not. */
  readonly stored: number;
  /** Left out, since they were erased on the server before. */
  readonly refused: number;
  /** Too long to be copied. */
  readonly tooLong: number;
  /** Entries that went from the server because they were erased here. */
  readonly erased: number;
  /** Entries of the copy that was there before, where it was begun anew. */
  readonly removed: number;
  /** Number of the copy's state, which grows with every change. */
  readonly sequence: number;
  /** Whether the copy holds exactly what this vault holds; else other vaults were pushed into it as well. */
  readonly exact: boolean;
}

/**
 * Brings the server's copy up to this vault: first what was erased here goes there, then what it lacks is added. Every
 * request carries a sealed head that says of what the copy consists afterwards, so stopped at any moment the copy is
 * whole, and the next run completes it.
 *
 * @throws {IntegrityError} `vault-tampered`; `vault-copy-incomplete` for a copy that was put back to an older state
 * @throws {VaultError} `vault-mismatch` for a copy that was sealed with other keys
 * @throws what the server's side throws
 */
export async function pushVault(file: VaultFile, server: CopyServer, request: PushRequest = {}): Promise<PushOutcome> {
  const state = readState(file);
  const copyKeys = new CopyKeys(file.keys);
  const { change, removed } = request.fromScratch
    ? await CopyChange.fromScratch(file, state, copyKeys, server)
    : { change: await CopyChange.continue(file, state, copyKeys, server), removed: 0 };
  try {
    await change.addNamespaces(sealedNamespaces(state, copyKeys));
    const erased = await pushErasures(file, state, { server, change, copyKeys });
    const { own, ...counts } = await pushEntries(file, state, { server, change, copyKeys }, request);
    return {
      ...counts,
      erased,
      removed,
      sequence: change.head?.sequence ?? 0,
      exact: own.hasEntriesOf(change.contents),
    };
  } catch (error) {
    throw vaultErrorFrom(error);
  } finally {
    if (change.head !== undefined) rememberCopy(file, server, change.head);
  }
}

interface PushParts {
  readonly server: CopyServer;
  readonly change: CopyChange;
  readonly copyKeys: CopyKeys;
}

function sealedNamespaces(state: VaultState, copyKeys: CopyKeys) {
  const seal = copyKeys.sealer();
  return state.namespaces.map(({ name, kind, canonical, expiry }) => {
    const namespace = copyKeys.namespaceDigest(name);
    const description = { name, kind, canonical, expiresDays: expiry?.days ?? null };
    return { namespace, sealed: seal(['namespace', namespace], Buffer.from(JSON.stringify(description))) };
  });
}

/** @returns entries that went */
async function pushErasures(
  { db, keys }: VaultFile,
  state: VaultState,
  { server, change, copyKeys }: PushParts,
): Promise<number> {
  const digests = new Map(state.namespaces.map(({ id, name }) => [id, copyKeys.namespaceDigest(name)]));
  const erasures = [...new Tombstones(db, keys).all()].flatMap(({ namespace_id, digest, erased_on }) => {
    const namespace = digests.get(namespace_id);
    return namespace === undefined ? [] : [{ namespace, erasure: digest.toString('hex'), erased_on }];
  });
  let erased = 0;
  for (let start = 0; start < erasures.length; start += vaultCopyPageLimit) {
    const page = erasures.slice(start, start + vaultCopyPageLimit);
    await change.step(async (contents) => {
      const fresh = await erasuresLacking(server, page, contents);
      if (fresh.length === 0) return undefined;
      return async (head) => {
        erased += await server.erase({ erasures: fresh, head });
      };
    });
  }
  return erased;
}

/** The erasures that the server doesn't know, or of an earlier day; `contents` becomes what they leave. */
async function erasuresLacking(
  server: CopyServer,
  page: readonly VaultCopyErasure[],
  contents: CopyContents,
): Promise<VaultCopyErasure[]> {
  const ids = page.map(({ namespace, erasure }) => ({ namespace, erasure }));
  const known = new Map((await server.lookup(ids)).map((each) => [each.index, each]));
  return page.filter((erasure, i) => {
    const { stored = false, erased_on: former = null } = known.get(i) ?? {};
    if (!stored && former !== null && former >= erasure.erased_on) return false;
    if (stored) contents.remove(erasure);
    if (former === null || former < erasure.erased_on) contents.addErasure(erasure, former);
    return true;
  });
}

async function pushEntries(
  { db, keys }: VaultFile,
  state: VaultState,
  { server, change, copyKeys }: PushParts,
  { onProgress, signal }: PushRequest,
) {
  const own = new CopyContents(keys);
  const counts = { entries: 0, stored: 0, refused: 0, tooLong: 0 };
  const tombstones = new TombstoneDigests(keys);
  const total = state.namespaces.reduce((sum, { entries }) => sum + entries, 0);
  const digests = new Map<string, string>();
  let page = new EntryPage();
  const send = async (): Promise<void> => {
    if (page.isEmpty) return;
    await change.step(async (contents) => {
      const known = new Map((await server.lookup(page.ids())).map((each) => [each.index, each]));
      const lacking = page.entries.filter((_, i) => !known.has(i));
      for (const entry of lacking) contents.add(entry);
      if (lacking.length === 0) {
        countPage(known);
        return undefined;
      }
      return async (head) => {
        await server.push({ namespaces: [], entries: page.seal(copyKeys, lacking), head });
        counts.stored += lacking.length;
        countPage(known);
      };
    });
    page = new EntryPage();
    onProgress?.(counts.entries, Math.max(total, counts.entries));
    signal?.throwIfAborted();
  };
  const countPage = (known: ReadonlyMap<number, { readonly stored: boolean }>): void => {
    for (const [i, entry] of page.entries.entries()) {
      if (known.get(i)?.stored ?? true) own.add(entry);
      else counts.refused += 1;
    }
  };
  for (const values of readEntries(db, keys)) {
    for (const { namespace, token, tail, value } of values) {
      let digest = digests.get(namespace);
      if (digest === undefined) {
        digest = copyKeys.namespaceDigest(namespace);
        digests.set(namespace, digest);
      }
      const erasure = tombstones.ofToken(namespace, token).toString('hex');
      if (page.add({ namespace: digest, token: Buffer.from(token), erasure, tail: Buffer.from(tail), value })) {
        counts.entries += 1;
      } else counts.tooLong += 1;
      if (page.isFull) await send();
    }
  }
  await send();
  return { ...counts, own };
}
