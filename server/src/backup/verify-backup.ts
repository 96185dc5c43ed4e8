import { inParallel } from './in-parallel.ts';
import type { ManifestEntry } from './manifest-entry.ts';
import { isObjectName } from './object-name.ts';
import { type ObjectFault, objectFaults, openKept } from './open-kept.ts';
import { type Chain, type ReadChainsOptions, readChains } from './read-chains.ts';

/** What a check of a backup may find, and what it means. */
export const backupFindings = {
  ...objectFaults,
  'entry-missing': 'entries of the manifest are not there that others name',
  'entry-changed': 'an entry of the manifest is not what was written',
  'messages-missing': 'the log no longer had these messages when they were to be kept',
} as const;

export interface BackupFinding {
  readonly kind: keyof typeof backupFindings;
  readonly topic: string;
  readonly partition: number;
  /** Of the object, or of the manifest entry. */
  readonly name?: string;
  /** Messages that can't be had from here because of it: the first, and the one behind the last. */
  readonly firstOffset?: bigint;
  readonly nextOffset?: bigint;
}

export interface CheckedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly objects: number;
  readonly messages: number;
  readonly refused: number;
  readonly bytes: number;
  /** Messages in objects that were found whole. */
  readonly intact: number;
  readonly firstOffset?: bigint;
  readonly lastOffset?: bigint;
  readonly firstAt?: Date;
  readonly lastAt?: Date;
  readonly generations: number;
}

export interface BackupReport {
  readonly partitions: readonly CheckedPartition[];
  readonly findings: readonly BackupFinding[];
  /** Objects that no entry of a chain names: a worker died between two steps, and kept the messages once more. */
  readonly unnamed: number;
}

export interface VerifyOptions extends ReadChainsOptions {
  /** Objects checked so far, of how many. */
  readonly onProgress?: (done: number, all: number) => void;
  /** Whether objects are read; else only the manifest is. */
  readonly readsObjects?: boolean;
}

/** Checks every object and every link between them. @throws {UnavailableError} `backup-unavailable` */
export async function verifyBackup(options: VerifyOptions): Promise<BackupReport> {
  const { store, keys, onProgress, readsObjects = true } = options;
  const chains = await readChains(options);
  const all = chains.flatMap(({ entries }) => entries);
  const faults = new Map<ManifestEntry, ObjectFault>();
  let done = 0;
  if (readsObjects) {
    // Each is read whole: few at a time.
    await inParallel(all, 4, async (entry) => {
      const opened = await openKept(store, keys, entry);
      if ('fault' in opened) faults.set(entry, opened.fault);
      onProgress?.(++done, all.length);
    });
  }
  const named = new Set(all.map(({ object }) => object));
  return {
    partitions: chains.map((chain) => summary(chain, faults)),
    findings: chains.flatMap((chain) => findingsOf(chain, faults)),
    unnamed: options.topic === undefined && options.since === undefined ? await countUnnamed(options, named) : 0,
  };
}

async function countUnnamed({ store }: VerifyOptions, named: ReadonlySet<string>): Promise<number> {
  let unnamed = 0;
  for await (const { name } of store.list('')) if (isObjectName(name) && !named.has(name)) unnamed++;
  return unnamed;
}

function summary({ topic, partition, entries }: Chain, faults: ReadonlyMap<ManifestEntry, unknown>): CheckedPartition {
  const sum = (of: (entry: ManifestEntry) => number) => entries.reduce((total, entry) => total + of(entry), 0);
  const [first, last] = [entries[0], entries.at(-1)];
  return {
    ...{ topic, partition, objects: entries.length, messages: sum((entry) => entry.messages) },
    ...{ refused: sum((entry) => entry.refused), bytes: sum((entry) => entry.bytes) },
    intact: sum((entry) => (faults.has(entry) ? 0 : entry.messages)),
    generations: new Set(entries.map(({ generation }) => generation)).size,
    ...(first &&
      last && {
        ...{ firstOffset: BigInt(first.first_offset), lastOffset: BigInt(last.last_offset) },
        ...{ firstAt: new Date(first.first_at), lastAt: new Date(last.last_at) },
      }),
  };
}

function findingsOf(chain: Chain, faults: ReadonlyMap<ManifestEntry, ObjectFault>): BackupFinding[] {
  const { topic, partition, entries, holes, changed } = chain;
  const place = { topic, partition };
  const found: BackupFinding[] = changed.map((name) => ({ ...place, kind: 'entry-changed', name }));
  for (const { firstOffset, nextOffset } of holes.toReversed()) {
    found.push({ ...place, kind: 'entry-missing', nextOffset, ...(firstOffset !== undefined && { firstOffset }) });
  }
  for (const [i, entry] of entries.entries()) {
    const fault = faults.get(entry);
    const firstOffset = BigInt(entry.first_offset);
    const nextOffset = BigInt(entry.last_offset) + 1n;
    if (fault !== undefined) found.push({ ...place, kind: fault, name: entry.object, firstOffset, nextOffset });
    const previous = entries[i - 1];
    const isNext = previous?.mac === entry.previous && previous?.generation === entry.generation;
    const end = BigInt(previous?.last_offset ?? 0) + 1n;
    if (isNext && BigInt(entry.from_offset) > end) {
      found.push({ ...place, kind: 'messages-missing', firstOffset: end, nextOffset: BigInt(entry.from_offset) });
    }
  }
  return found;
}
