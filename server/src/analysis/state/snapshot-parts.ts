import { z } from 'zod';
import { stateInvalid } from '../../detectors/index.ts';
import type { SnapshotPlace, SnapshotStore, StoredSnapshot } from '../../transactions/index.ts';

/** What stands first in each snapshot: which parts follow. */
const contentsSchema = z.strictObject({ parts: z.array(z.string().max(200)).max(100) });

/** Of the layout of a snapshot as a whole; each part has its own beside it. */
export const snapshotFormat = 'analysis-1';

/** Stores parts, unfinished as yet. @returns its id */
export async function putParts(
  store: SnapshotStore,
  place: SnapshotPlace,
  parts: ReadonlyMap<string, Uint8Array>,
  endOffset: bigint,
): Promise<string> {
  const id = await store.begin(place, parts.size + 1, endOffset);
  await store.putShard(id, place, 0, Buffer.from(JSON.stringify({ parts: [...parts.keys()] })));
  for (const [i, bytes] of [...parts.values()].entries()) await store.putShard(id, place, i + 1, bytes);
  return id;
}

/** @throws {IntegrityError} `record-tampered` where something is missing or damaged */
export async function readParts(store: SnapshotStore, snapshot: StoredSnapshot): Promise<Map<string, Uint8Array>> {
  const first = await store.readShard(snapshot, 0);
  if (first === undefined) throw stateInvalid();
  const contents = contentsSchema.safeParse(JSON.parse(first.toString('utf8')));
  if (!contents.success || contents.data.parts.length + 1 !== snapshot.shards) throw stateInvalid();
  const parts = new Map<string, Uint8Array>();
  for (const [i, name] of contents.data.parts.entries()) {
    const bytes = await store.readShard(snapshot, i + 1);
    if (bytes === undefined) throw stateInvalid();
    parts.set(name, bytes);
  }
  return parts;
}
