import type { BackupKeys } from './backup-keys.ts';
import type { ChainHead } from './chain-rules.ts';
import { decodeEntry, type ManifestEntry } from './manifest-entry.ts';
import { manifestFolderOf, parseManifestName } from './object-name.ts';
import type { BackupStore } from './store/backup-store.ts';

/** What an entry says of where its chain stands. */
export function headOf(entry: ManifestEntry): ChainHead {
  const { bus, generation, sequence, from_offset, last_offset, last_at, mac } = entry;
  return {
    ...{ bus, generation, sequence, mac, lastAt: new Date(last_at) },
    ...{ fromOffset: BigInt(from_offset), nextOffset: BigInt(last_offset) + 1n },
  };
}

/**
 * The end of a partition's chain as the manifest itself has it: for a server whose database was lost, and which goes on in the
 * same place.
 *
 * @throws {UnavailableError} `backup-unavailable`
 */
export async function findTip(
  store: BackupStore,
  keys: BackupKeys,
  topic: string,
  partition: number,
): Promise<ChainHead | undefined> {
  const names: { readonly name: string; readonly sequence: number }[] = [];
  for await (const { name } of store.list(manifestFolderOf(topic, partition))) {
    const parsed = parseManifestName(name);
    if (parsed !== undefined) names.push({ name, sequence: parsed.sequence });
  }
  const bySequence = Map.groupBy(names, ({ sequence }) => sequence);
  for (const sequence of [...bySequence.keys()].toSorted((a, b) => b - a)) {
    const heads: ChainHead[] = [];
    for (const { name } of bySequence.get(sequence) ?? []) {
      const bytes = await store.get(name);
      const entry = bytes && decodeEntry(keys, bytes);
      if (entry?.topic === topic && entry.partition === partition) heads.push(headOf(entry));
    }
    // Where a worker died between two steps there are two: both are genuine, and the longer one keeps more.
    const longest = heads.toSorted((a, b) => (a.nextOffset < b.nextOffset ? 1 : -1))[0];
    if (longest !== undefined) return longest;
  }
  return undefined;
}
