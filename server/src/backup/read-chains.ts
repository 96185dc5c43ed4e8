import { IntegrityError } from '@sdp/shared/errors';
import type { BackupKeys } from './backup-keys.ts';
import type { ChainHead } from './chain-rules.ts';
import { chainName } from './chain-store.ts';
import { inParallel } from './in-parallel.ts';
import { claimedKey, decodeEntry, type ManifestEntry } from './manifest-entry.ts';
import { manifestFolder, parseManifestName } from './object-name.ts';
import type { BackupStore } from './store/backup-store.ts';

/** The manifest entries of one partition, as they follow one another. */
export interface Chain {
  readonly topic: string;
  readonly partition: number;
  /** Oldest first. */
  readonly entries: readonly ManifestEntry[];
  /** Where the chain has holes; see {@link Hole}. */
  readonly holes: readonly Hole[];
  /** Names of entries that aren't what this server's key has made. */
  readonly changed: readonly string[];
  /** Entries beside the chain: a worker died after writing them, and its messages were kept once more. */
  readonly superseded: readonly ManifestEntry[];
}

/** Entries that are named by a later one, or by the database, and aren't there. */
export interface Hole {
  /** Numbers of the entries; `first` is unknown where no entry before the hole is left. */
  readonly first: number | undefined;
  readonly last: number;
  /** Offsets of the messages in them, as far as the entries around tell. */
  readonly firstOffset: bigint | undefined;
  readonly nextOffset: bigint;
}

export interface ReadChainsOptions {
  readonly store: BackupStore;
  readonly keys: BackupKeys;
  /** Ends of the chains as the database has them; none where it was lost. */
  readonly heads: ReadonlyMap<string, ChainHead>;
  /** Of these topics only; of all where left out. */
  readonly topic?: string | undefined;
  /** Entries that end earlier needn't be there: whoever keeps backups for some time only removes them. */
  readonly since?: Date | undefined;
  readonly parallel?: number;
}

interface Named {
  readonly name: string;
  readonly entry: ManifestEntry | undefined;
}

/**
 * Reads the manifest.
 *
 * @throws {IntegrityError} `backup-key-unknown` where all of it is another server's
 * @throws {UnavailableError} `backup-unavailable`
 */
export async function readChains(options: ReadChainsOptions): Promise<readonly Chain[]> {
  const { store, keys, heads, topic, since, parallel = 16 } = options;
  const names: string[] = [];
  for await (const { name } of store.list(topic === undefined ? manifestFolder : `${manifestFolder}${topic}/`)) {
    names.push(name);
  }
  const claims = new Set<string>();
  const read = await inParallel(names, parallel, async (name): Promise<Named> => {
    const bytes = await store.get(name);
    const entry = bytes && decodeEntry(keys, bytes);
    const place = parseManifestName(name);
    if (bytes !== undefined) claims.add(claimedKey(bytes) ?? '');
    const isThere = entry !== undefined && entry.topic === place?.topic && entry.partition === place.partition;
    return { name, entry: isThere && entry.sequence === place.sequence ? entry : undefined };
  });
  if (claims.size > 0 && !claims.has('') && !claims.has(keys.keyId.toString('hex'))) {
    throw new IntegrityError('backup-key-unknown');
  }
  const found = Map.groupBy(read, ({ name }) => {
    const place = parseManifestName(name);
    return place === undefined ? '' : chainName(place.topic, place.partition);
  });
  // A chain of which nothing is left shows by its head.
  for (const name of heads.keys()) {
    if (!found.has(name) && (topic === undefined || name.startsWith(`${topic}/`))) found.set(name, []);
  }
  return [...found]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, all]) => chainOf(name, all, heads.get(name), since));
}

function chainOf(name: string, all: readonly Named[], head: ChainHead | undefined, since: Date | undefined): Chain {
  const [topic = '', partition = ''] = name.split('/');
  const changed = all.flatMap(({ name: each, entry }) => (entry === undefined ? [each] : []));
  const genuine = all.flatMap(({ entry }) => entry ?? []);
  const byMac = new Map(genuine.map((entry) => [entry.mac, entry]));
  const entries: ManifestEntry[] = [];
  const holes: Hole[] = [];
  // From the end back; the entry that is wanted next, by the word of the one behind it.
  let wanted: Wanted | undefined = head === undefined ? tipOf(genuine) : wantedBy(head);
  while (wanted !== undefined) {
    const entry = byMac.get(wanted.mac);
    if (entry !== undefined) {
      entries.push(entry);
      wanted = before(entry);
      continue;
    }
    if (since !== undefined && wanted.at !== undefined && wanted.at < since) break;
    const { sequence } = wanted;
    const rest = longest(genuine.filter((each) => each.sequence < sequence));
    holes.push({
      first: rest === undefined ? (sequence === 1 ? 1 : undefined) : rest.sequence + 1,
      last: sequence,
      firstOffset: rest && BigInt(rest.last_offset) + 1n,
      nextOffset: wanted.nextOffset,
    });
    wanted = rest && { ...wanted, mac: rest.mac };
  }
  const inChain = new Set(entries);
  const isWanted = (entry: ManifestEntry) => since === undefined || new Date(entry.last_at) >= since;
  return {
    ...{ topic, partition: Number(partition), holes, changed },
    entries: entries.reverse().filter(isWanted),
    superseded: genuine.filter((entry) => !inChain.has(entry)),
  };
}

interface Wanted {
  readonly mac: string;
  readonly sequence: number;
  readonly nextOffset: bigint;
  /** When its newest message came, where that is known. */
  readonly at?: Date | undefined;
}

function wantedBy({ mac, sequence, nextOffset, lastAt }: ChainHead): Wanted {
  return { mac, sequence, nextOffset, at: lastAt };
}

function before({ previous, previous_at, sequence, from_offset }: ManifestEntry): Wanted | undefined {
  if (previous === null) return undefined;
  const at = previous_at === null ? undefined : new Date(previous_at);
  return { mac: previous, sequence: sequence - 1, nextOffset: BigInt(from_offset), at };
}

/** Without a database the newest entry is taken for the end. */
function tipOf(genuine: readonly ManifestEntry[]): Wanted | undefined {
  const tip = longest(genuine);
  return tip && { mac: tip.mac, sequence: tip.sequence, nextOffset: BigInt(tip.last_offset) + 1n };
}

function longest(entries: readonly ManifestEntry[]): ManifestEntry | undefined {
  const sequence = entries.reduce((max, each) => Math.max(max, each.sequence), 0);
  return entries
    .filter((each) => each.sequence === sequence)
    .toSorted((a, b) => (BigInt(a.last_offset) < BigInt(b.last_offset) ? 1 : -1))[0];
}
