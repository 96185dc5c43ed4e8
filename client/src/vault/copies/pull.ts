import { existsSync } from 'node:fs';
import type { VaultCopy, VaultCopyEntry } from '@sdp/shared/contracts';
import type { MasterKey } from '@sdp/shared/crypto';
import { IntegrityError, VaultError } from '@sdp/shared/errors';
import { canonicalizerById } from '@sdp/shared/tokenization';
import { z } from 'zod';
import { BatchBuilder, newBatchBuffers } from '../batch.ts';
import { BatchWriter } from '../batch-writer.ts';
import { TombstoneDigests, Tombstones } from '../erasure/tombstones.ts';
import { tailBytes } from '../format.ts';
import { changeState } from '../maintenance/change-state.ts';
import { importKeys } from '../maintenance/import-keys.ts';
import type { MaintenanceRun } from '../maintenance/maintenance-run.ts';
import { type MergeOutcome, mergeVault } from '../maintenance/merge.ts';
import { TemporaryVault } from '../maintenance/temporary-vault.ts';
import { openVaultFile, type VaultFile } from '../open-vault-file.ts';
import { sortBatch } from '../sort-batch.ts';
import { vaultErrorFrom } from '../sqlite-errors.ts';
import { type NamespaceState, newNamespace } from '../state.ts';
import { CopyKeys } from './copy-keys.ts';
import type { CopyServer } from './copy-server.ts';

const descriptionSchema = z.strictObject({
  name: z.string().min(1),
  kind: z.enum(['token', 'random', 'surrogate']),
  canonical: z.string(),
  expiresDays: z.int().positive().nullable(),
});

type Description = z.infer<typeof descriptionSchema>;

/**
 * Takes in what the copy on the server has: its entries, and the erasures of other machines. They are first gathered in a
 * vault of their own beside this one, which is read as a whole (a server that swaps or changes entries is found out; one
 * that leaves some away is not), and then merged. Stopped at any moment, the vault is whole and the next run completes it.
 *
 * @param path made if there is no vault
 * @throws {VaultError} `vault-mismatch` for a copy that was sealed with other keys; what `mergeVault` throws
 * @throws {IntegrityError} `server-response-invalid` for entries that aren't what was sealed
 * @throws what the server's side throws
 */
export async function pullVault(
  { path, masterKey }: { readonly path: string; readonly masterKey: MasterKey },
  server: CopyServer,
  run: MaintenanceRun = {},
): Promise<MergeOutcome> {
  const copy = await server.describe();
  const isNew = !existsSync(path);
  const gathered = new TemporaryVault(path);
  const own = isNew ? undefined : openVaultFile({ path, masterKey });
  let file: VaultFile | undefined;
  try {
    file = openVaultFile({ path: gathered.path, masterKey, create: true });
    if (own !== undefined) {
      importKeys(file, { createdAt: '', keys: own.keys, masterFingerprints: own.keys.masterFingerprints });
      file.db.close();
      file = openVaultFile({ path: gathered.path, masterKey });
    }
    own?.db.close();
    const gathering = new Gathering(file, copy);
    await gathering.erasures(server);
    await gathering.entries(server, copy.entries, run);
    file.db.close();
    openVaultFile({ path, masterKey, create: true }).db.close();
    return await mergeVault({ path, masterKey, from: { path: gathered.path, masterKey } }, withoutProgress(run));
  } catch (error) {
    throw vaultErrorFrom(error);
  } finally {
    own?.db.close();
    file?.db.close();
    gathered.discard();
  }
}

/** What comes from the server, on its way into a vault of its own. */
class Gathering {
  readonly #file: VaultFile;
  readonly #copyKeys: CopyKeys;
  readonly #namespaces: ReadonlyMap<string, Description>;
  readonly #states = new Map<string, NamespaceState>();
  readonly #builders = new Map<string, BatchBuilder>();
  readonly #tombstones: TombstoneDigests;

  constructor(file: VaultFile, copy: VaultCopy) {
    this.#file = file;
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
        for (const { namespace, erasure, erased_on } of page.erasures) {
          const { id } = this.#stateOf(namespace);
          tombstones.add(state, id, [Buffer.from(erasure, 'hex')], erased_on);
        }
      });
      cursor = page.next_cursor;
    }
  }

  async entries(server: CopyServer, total: number, { onProgress, signal }: MaintenanceRun): Promise<void> {
    const writer = new BatchWriter(this.#file.db, this.#file.keys);
    let done = 0;
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await server.entries(cursor ?? undefined);
      for (const entry of page.entries) {
        const builder = this.#add(entry);
        if (builder.isFull) this.#write(writer, builder);
      }
      done += page.entries.length;
      onProgress?.(done, Math.max(total, done));
      signal?.throwIfAborted();
      cursor = page.next_cursor;
    }
    for (const builder of [...this.#builders.values()]) this.#write(writer, builder);
  }

  #describe(namespace: string, sealed: string): Description {
    const bytes = this.#copyKeys.open(['namespace', namespace], sealed);
    if (bytes === undefined) {
      throw new VaultError('vault-mismatch', {
        message: 'The copy on the server was made with other keys than this vault’s',
        remedy:
          'Set the master key of the vault that was pushed. If that vault had been rewrapped, make the new one with `sdp vault keys import` first.',
      });
    }
    const parsed = descriptionSchema.parse(JSON.parse(bytes.toString('utf8')));
    if (this.#copyKeys.namespaceDigest(parsed.name) !== namespace) throw notAsSealed();
    // Throws for a form that this version doesn't know, before anything is stored under it.
    if (parsed.canonical !== '') canonicalizerById(parsed.canonical);
    return parsed;
  }

  #stateOf(namespace: string): NamespaceState {
    const state = this.#states.get(namespace);
    // It was made while the copy was being read; what is complete now will be so the next time.
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

function withoutProgress({ signal }: MaintenanceRun): MaintenanceRun {
  return signal === undefined ? {} : { signal };
}

function notAsSealed(): IntegrityError {
  return new IntegrityError('server-response-invalid', {
    message: 'The copy on the server is not as it was sealed: nothing of it was taken',
    remedy: 'If another machine was pushing meanwhile, run the command again. Otherwise the copy was tampered with.',
  });
}
