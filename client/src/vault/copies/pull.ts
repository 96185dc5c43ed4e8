import { existsSync } from 'node:fs';
import type { VaultCopy, VaultCopyEntry, VaultCopyHead } from '@sdp/shared/contracts';
import type { MasterKey } from '@sdp/shared/crypto';
import { IntegrityError, RejectedError, SdpError } from '@sdp/shared/errors';
import { canonicalizerById } from '@sdp/shared/tokenization';
import { z } from 'zod';
import { BatchBuilder, newBatchBuffers } from '../batch.ts';
import { BatchWriter } from '../batch-writer.ts';
import { TombstoneDigests, Tombstones } from '../erasure/tombstones.ts';
import { tailBytes } from '../format.ts';
import { changeState, readState } from '../maintenance/change-state.ts';
import { importKeys } from '../maintenance/import-keys.ts';
import type { MaintenanceRun } from '../maintenance/maintenance-run.ts';
import { type MergeOutcome, mergeVault } from '../maintenance/merge.ts';
import { TemporaryVault } from '../maintenance/temporary-vault.ts';
import { openVaultFile, type VaultFile } from '../open-vault-file.ts';
import { sortBatch } from '../sort-batch.ts';
import { vaultErrorFrom } from '../sqlite-errors.ts';
import { type NamespaceState, newNamespace } from '../state.ts';
import { CopyContents } from './copy-contents.ts';
import { assertNotOlder, incomplete, openHead, otherKeys, rememberCopy, seenCopy } from './copy-head.ts';
import { CopyKeys } from './copy-keys.ts';
import type { CopyServer } from './copy-server.ts';

const descriptionSchema = z.strictObject({
  name: z.string().min(1),
  kind: z.enum(['token', 'random', 'surrogate']),
  canonical: z.string(),
  expiresDays: z.int().positive().nullable(),
});

type Description = z.infer<typeof descriptionSchema>;

/** How often reading is begun anew because another machine pushes meanwhile. */
const attempts = 3;

export interface PullRequest extends MaintenanceRun {
  /** Number of a state of the copy that the user knows of: an older one isn't taken. */
  readonly atLeast?: number;
}

export interface PullOutcome extends MergeOutcome {
  /** Number of the state that was taken in. */
  readonly sequence: number;
}

/**
 * Takes in what the copy on the server has: its entries, and the erasures of other machines. They are first gathered in a
 * vault of their own beside this one and compared with the copy's head: a server that changes, swaps, leaves away, adds
 * or puts back anything is found out, and nothing is taken. Then they are merged. Stopped at any moment, the vault is
 * whole and the next run completes it.
 *
 * @param path made if there is no vault
 * @throws {VaultError} `vault-mismatch` for a copy that was sealed with other keys; what `mergeVault` throws
 * @throws {IntegrityError} `vault-copy-incomplete`; `server-response-invalid` for entries that aren't what was sealed
 * @throws {RejectedError} `not-found` if nothing was pushed; `vault-copy-changed` while others keep pushing
 * @throws what the server's side throws
 */
export async function pullVault(
  vault: { readonly path: string; readonly masterKey: MasterKey },
  server: CopyServer,
  request: PullRequest = {},
): Promise<PullOutcome> {
  const { path, masterKey } = vault;
  for (let attempt = 1; ; attempt++) {
    const gathered = new TemporaryVault(path);
    try {
      const head = await gather(gathered.path, vault, server, request);
      const file = openVaultFile({ path, masterKey, create: true });
      file.db.close();
      const { signal } = request;
      const from = { path: gathered.path, masterKey };
      const merged = await mergeVault({ path, masterKey, from }, signal === undefined ? {} : { signal });
      remember(vault, server, head);
      return { ...merged, sequence: head.sequence };
    } catch (error) {
      const raced = error instanceof SdpError && error.code === 'vault-copy-changed';
      if (!raced || attempt === attempts) throw vaultErrorFrom(error);
    } finally {
      gathered.discard();
    }
  }
}

/** @returns the head of what was gathered */
async function gather(
  target: string,
  { path, masterKey }: { readonly path: string; readonly masterKey: MasterKey },
  server: CopyServer,
  request: PullRequest,
): Promise<VaultCopyHead> {
  const copy = await server.describe();
  const own = existsSync(path) ? openVaultFile({ path, masterKey }) : undefined;
  let file: VaultFile | undefined;
  try {
    assertNotOlder(copy, own && seenCopy(readState(own), server), request.atLeast);
    const { head } = copy;
    if (head === null) throw nothingPushed(copy);
    file = openVaultFile({ path: target, masterKey, create: true });
    if (own !== undefined) {
      importKeys(file, { createdAt: '', keys: own.keys, masterFingerprints: own.keys.masterFingerprints });
      file.db.close();
      file = openVaultFile({ path: target, masterKey });
    }
    const expected = openHead(file.keys, new CopyKeys(file.keys), head);
    try {
      const gathering = new Gathering(file, copy, expected);
      await gathering.erasures(server);
      await gathering.entries(server, request);
      gathering.assertComplete();
    } catch (error) {
      // It may be that another machine has pushed while the copy was being read.
      if (error instanceof IntegrityError) await assertUnchanged(server, head);
      throw error;
    }
    return head;
  } finally {
    own?.db.close();
    file?.db.close();
  }
}

function remember(
  vault: { readonly path: string; readonly masterKey: MasterKey },
  server: CopyServer,
  head: VaultCopyHead,
) {
  const file = openVaultFile(vault);
  try {
    rememberCopy(file, server, head);
  } finally {
    file.db.close();
  }
}

async function assertUnchanged(server: CopyServer, { sequence }: VaultCopyHead): Promise<void> {
  const { head } = await server.describe();
  if (head !== null && head.sequence > sequence) throw new RejectedError('vault-copy-changed');
}

function nothingPushed({ entries, erasures, namespaces }: VaultCopy): SdpError {
  if (entries + erasures + namespaces.length > 0) return incomplete('The copy on the server has no head');
  return new RejectedError('not-found', {
    message: 'No vault was pushed to the server with this API key’s client',
    remedy: 'Push one with `sdp vault push`, or check the API key.',
  });
}

/** What comes from the server, on its way into a vault of its own. */
class Gathering {
  readonly #file: VaultFile;
  readonly #copyKeys: CopyKeys;
  readonly #namespaces: ReadonlyMap<string, Description>;
  readonly #states = new Map<string, NamespaceState>();
  readonly #builders = new Map<string, BatchBuilder>();
  readonly #tombstones: TombstoneDigests;
  readonly #expected: CopyContents;
  readonly #found: CopyContents;

  constructor(file: VaultFile, copy: VaultCopy, expected: CopyContents) {
    this.#file = file;
    this.#expected = expected;
    this.#found = new CopyContents(file.keys);
    this.#copyKeys = new CopyKeys(file.keys);
    this.#tombstones = new TombstoneDigests(file.keys);
    this.#namespaces = new Map(
      copy.namespaces.map(({ namespace, sealed }) => [namespace, this.#describe(namespace, sealed)]),
    );
    changeState(file, (state) => {
      const insert = file.db.prepare<[number, string]>('INSERT INTO namespace VALUES (?, ?)');
      for (const [digest, { name, kind, canonical }] of this.#namespaces) {
        const made = newNamespace(state.namespaces.length + 1, name, kind, canonical);
        insert.run(made.id, name);
        state.namespaces.push(made);
        this.#states.set(digest, made);
      }
    });
  }

  async erasures(server: CopyServer): Promise<void> {
    const tombstones = new Tombstones(this.#file.db, this.#file.keys);
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await server.erasures(cursor ?? undefined);
      changeState(this.#file, (state) => {
        for (const each of page.erasures) {
          const { namespace, erasure, erased_on } = each;
          const { id } = this.#stateOf(namespace);
          this.#found.addErasure(each);
          tombstones.add(state, id, [Buffer.from(erasure, 'hex')], erased_on);
        }
      });
      if (this.#found.erasureCount > this.#expected.erasureCount) throw notWhole();
      cursor = page.next_cursor;
    }
  }

  async entries(server: CopyServer, { onProgress, signal }: MaintenanceRun): Promise<void> {
    const total = this.#expected.entryCount;
    const writer = new BatchWriter(this.#file.db, this.#file.keys);
    let done = 0;
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await server.entries(cursor ?? undefined);
      for (const entry of page.entries) {
        const builder = this.#add(entry);
        this.#found.add(entry);
        if (builder.isFull) this.#write(writer, builder);
      }
      done += page.entries.length;
      onProgress?.(done, Math.max(total, done));
      signal?.throwIfAborted();
      // Else a server could send the same for ever.
      if (this.#found.entryCount > total) throw notWhole();
      cursor = page.next_cursor;
    }
    for (const builder of [...this.#builders.values()]) this.#write(writer, builder);
  }

  /** @throws {IntegrityError} `vault-copy-incomplete` */
  assertComplete(): void {
    if (!this.#found.equals(this.#expected)) throw notWhole();
  }

  #describe(namespace: string, sealed: string): Description {
    const bytes = this.#copyKeys.open(['namespace', namespace], sealed);
    if (bytes === undefined) throw otherKeys();
    const parsed = descriptionSchema.parse(JSON.parse(bytes.toString('utf8')));
    if (this.#copyKeys.namespaceDigest(parsed.name) !== namespace) throw notAsSealed();
    // Throws for a form that this version doesn't know, before anything is stored under it.
    if (parsed.canonical !== '') canonicalizerById(parsed.canonical);
    return parsed;
  }

  #stateOf(namespace: string): NamespaceState {
    const state = this.#states.get(namespace);
    if (state === undefined) throw notAsSealed();
    return state;
  }

  #add({ namespace, token, erasure, sealed }: VaultCopyEntry): BatchBuilder {
    const description = this.#namespaces.get(namespace);
    const bytes = this.#copyKeys.open(['entry', namespace, Buffer.from(token, 'hex')], sealed);
    if (description === undefined || bytes === undefined || bytes.length <= tailBytes) throw notAsSealed();
    const { name, kind, canonical, expiresDays } = description;
    // Else the server could keep an entry from being found by its erasure.
    if (this.#tombstones.ofToken(name, Buffer.from(token, 'hex')).toString('hex') !== erasure) throw notAsSealed();
    let builder = this.#builders.get(name);
    if (builder === undefined) {
      builder = new BatchBuilder(name, newBatchBuffers(), { kind, canonical, expiresDays: expiresDays ?? undefined });
      this.#builders.set(name, builder);
    }
    builder.add(bytes.toString('utf8', tailBytes), token + bytes.toString('hex', 0, tailBytes));
    return builder;
  }

  #write(writer: BatchWriter, builder: BatchBuilder): void {
    this.#builders.delete(builder.namespace);
    const batch = builder.take();
    const repeats: number[] = [];
    writer.write([{ batch, order: sortBatch(batch, repeats), repeats }]);
  }
}

function notWhole(): IntegrityError {
  return incomplete(
    'Entries or erasures of the copy on the server were left away, added or put back: nothing of it was taken',
  );
}

function notAsSealed(): IntegrityError {
  return new IntegrityError('server-response-invalid', {
    message: 'The copy on the server is not as it was sealed: nothing of it was taken',
    remedy: 'The copy was tampered with: push a vault that is whole with `sdp vault push --from-scratch`.',
  });
}
