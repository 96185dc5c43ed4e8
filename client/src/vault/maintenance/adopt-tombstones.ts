import { canonicalizerById } from '@sdp/shared/tokenization';
import { OpenedBlock } from '../block.ts';
import type { BlockRow } from '../block-row.ts';
import { type EntryRow, eraseEntries } from '../erasure/erase-entries.ts';
import { TombstoneDigests, Tombstones } from '../erasure/tombstones.ts';
import { blockCapacity } from '../format.ts';
import type { VaultFile } from '../open-vault-file.ts';
import { type NamespaceState, newNamespace, type VaultState } from '../state.ts';
import { BlockSealer } from './seal-block.ts';

export interface AdoptedTombstones {
  /** Tombstones that the vault didn't have, or whose erasure was a later one. */
  readonly adopted: number;
  /** Entries that were erased for them. */
  readonly erased: number;
  /** What leftovers of them can be recognized by. */
  readonly traces: readonly Buffer[];
}

/**
 * Obeys another vault's erasures: puts up its tombstones and erases the entries they name. Where the vault knew of the
 * same erasure already, or of a later one, an entry came afterwards and stays. Inside the caller's transaction.
 */
export function adoptTombstones(
  file: VaultFile,
  state: VaultState,
  other: VaultFile,
  theirs: VaultState,
): AdoptedTombstones {
  const tombstones = new Tombstones(file.db, file.keys);
  const names = new Map(theirs.namespaces.map((namespace) => [namespace.id, namespace]));
  const fresh = new Map<NamespaceState, Map<string, number>>();
  for (const { namespace_id, digest, erased_on } of new Tombstones(other.db, other.keys).all()) {
    const source = names.get(namespace_id);
    if (source === undefined) continue;
    const namespace = namespaceLike(file, state, source);
    const known = tombstones.find(namespace.id, digest);
    if (known !== undefined && known >= erased_on) continue;
    const digests = fresh.get(namespace) ?? new Map<string, number>();
    fresh.set(namespace, digests.set(digest.toString('hex'), erased_on));
  }
  const traces: Buffer[] = [];
  let adopted = 0;
  let erased = 0;
  for (const [namespace, digests] of fresh) {
    const entries = entriesOf(file, state, namespace, digests);
    if (entries.length > 0) traces.push(...eraseEntries(file, state, namespace, entries));
    namespace.forgotten += entries.length;
    erased += entries.length;
    adopted += digests.size;
    for (const [hex, day] of digests) tombstones.add(state, namespace.id, [Buffer.from(hex, 'hex')], day);
  }
  return { adopted, erased, traces };
}

/** The namespace of the same name; made if it isn't there, so that later entries meet its tombstones. */
export function namespaceLike({ db }: VaultFile, state: VaultState, source: NamespaceState): NamespaceState {
  const known = state.namespaces.find(({ name }) => name === source.name);
  if (known !== undefined) return known;
  const created = newNamespace(state.namespaces.length + 1, source.name, source.kind, source.canonical);
  db.prepare<[number, string]>('INSERT INTO namespace VALUES (?, ?)').run(created.id, created.name);
  state.namespaces.push(created);
  return created;
}

/** The entries that some tombstones name, by token or by value. */
function entriesOf(
  file: VaultFile,
  state: VaultState,
  namespace: NamespaceState,
  digests: ReadonlyMap<string, number>,
): EntryRow[] {
  const { db, keys } = file;
  const tombstoneDigests = new TombstoneDigests(keys);
  const form = namespace.canonical === '' ? (value: string) => value : canonicalizerById(namespace.canonical).apply;
  const tailOf = db
    .prepare<[number, Uint8Array], Buffer>('SELECT tail FROM token_vault WHERE namespace_id = ? AND token = ?')
    .pluck();
  const sealer = new BlockSealer(file, state);
  const next = db.prepare<[number, number], BlockRow>(
    'SELECT * FROM vault_block WHERE block_id > ? AND namespace_id = ? ORDER BY block_id LIMIT 1',
  );
  const found: EntryRow[] = [];
  for (let row = next.get(0, namespace.id); row !== undefined; row = next.get(row.block_id, namespace.id)) {
    const block = OpenedBlock.parse(sealer.open(row));
    for (let slot = 0; block !== undefined && slot < block.count; slot++) {
      if (block.isErased(slot)) continue;
      const token = Buffer.from(block.token(slot));
      const named =
        digests.has(tombstoneDigests.ofToken(namespace.name, token).toString('hex')) ||
        digests.has(tombstoneDigests.ofValue(namespace.name, form(block.value(slot))).toString('hex'));
      const tail = named ? tailOf.get(namespace.id, token) : undefined;
      if (tail !== undefined) found.push({ token, ref: row.block_id * blockCapacity + slot, tail });
    }
  }
  return found;
}

/** Whether a vault has erased an entry; for entries that come from elsewhere. */
export function erasureCheck(
  file: VaultFile,
  state: VaultState,
): (namespace: string, token: Uint8Array, value: string) => boolean {
  if (state.tombstones.count === 0) return () => false;
  const tombstones = new Tombstones(file.db, file.keys);
  const digests = new TombstoneDigests(file.keys);
  const places = new Map(
    state.namespaces.map(({ id, name, canonical }) => [
      name,
      { id, form: canonical === '' ? (value: string) => value : canonicalizerById(canonical).apply },
    ]),
  );
  return (namespace, token, value) => {
    const place = places.get(namespace);
    if (place === undefined) return false;
    const has = (digest: Uint8Array) => tombstones.find(place.id, digest) !== undefined;
    return has(digests.ofToken(namespace, token)) || has(digests.ofValue(namespace, place.form(value)));
  };
}
