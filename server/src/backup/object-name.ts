/** Which messages an object holds. */
export interface ObjectPlace {
  readonly topic: string;
  readonly partition: number;
  readonly firstOffset: bigint;
  readonly lastOffset: bigint;
  /** When the log took the first of them. */
  readonly firstAt: Date;
  /** Counts logs that this partition has had: one that was made anew begins at 0 again. */
  readonly generation: number;
}

const ending = '.json.zst.sealed';
const folder = /^\d{8}\//;

/**
 * `YYYYMMDD/<time>-<topic>-<partition>-<first offset>-<last offset>-g<generation>.json.zst.sealed`: made of what is in it alone, so that
 * doing it again writes over what is there.
 */
export function objectName({ topic, partition, firstOffset, lastOffset, firstAt, generation }: ObjectPlace): string {
  const time = firstAt.toISOString().replaceAll(/[-:.]/g, '');
  return `${time.slice(0, 8)}/${time}-${topic}-${partition}-${firstOffset}-${lastOffset}-g${generation}${ending}`;
}

/** Whether a name is one of {@link objectName}'s. */
export function isObjectName(name: string): boolean {
  return folder.test(name) && name.endsWith(ending);
}

/** Before the names of all manifest entries. */
export const manifestFolder = 'manifests/';

export function manifestFolderOf(topic: string, partition: number): string {
  return `${manifestFolder}${topic}/${partition}/`;
}

/** Entries sort by their number. Two of one number stand beside each other where a worker died between two steps. */
export function manifestName(
  { topic, partition, firstOffset, lastOffset, generation }: Omit<ObjectPlace, 'firstAt'>,
  sequence: number,
): string {
  const number = String(sequence).padStart(10, '0');
  return `${manifestFolderOf(topic, partition)}${number}-g${generation}-${firstOffset}-${lastOffset}.json`;
}

/** @returns undefined for what is no name of a manifest entry */
export function parseManifestName(
  name: string,
): { readonly topic: string; readonly partition: number; readonly sequence: number } | undefined {
  const [, topic, partition, sequence] =
    /^manifests\/([^/]+)\/(\d{1,9})\/(\d{10})-g\d+-\d+-\d+\.json$/.exec(name) ?? [];
  if (topic === undefined) return undefined;
  return { topic, partition: Number(partition), sequence: Number(sequence) };
}
