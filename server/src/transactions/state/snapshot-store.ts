import { deriveKey, lengthPrefixed, nonceBytes, openBlob, sealBlob } from '@sdp/shared/crypto';
import { type Pool, query } from '../../database/index.ts';
import type { DataKey, DataKeyRing } from '../../records/index.ts';

/** Whose state a snapshot is. */
export interface SnapshotPlace {
  readonly stage: string;
  readonly partition: number;
  readonly format: string;
}

export interface StoredSnapshot extends SnapshotPlace {
  readonly snapshotId: string;
  readonly shards: number;
  /** Every message before this one is in it, and none at or after `endOffset`. */
  readonly firstOffset: bigint;
  readonly endOffset: bigint;
}

/** Snapshots of window state in the database, each shard sealed and bound to its place. */
export interface SnapshotStore {
  begin(place: SnapshotPlace, shards: number, firstOffset: bigint): Promise<string>;
  putShard(snapshotId: string, place: SnapshotPlace, shard: number, bytes: Uint8Array): Promise<void>;
  /** Makes it readable, and drops all but the two newest of the place. */
  finish(snapshotId: string, place: SnapshotPlace, endOffset: bigint): Promise<void>;
  /** Readable ones that hold no message at or after `nextOffset`, newest first. */
  list(place: SnapshotPlace, nextOffset: bigint): Promise<readonly StoredSnapshot[]>;
  /** @returns undefined when it is not there, or not what was sealed for this place */
  readShard(snapshot: StoredSnapshot, shard: number): Promise<Buffer | undefined>;
}

const kept = 2;

export function createSnapshotStore(pool: Pool, keyRing: DataKeyRing): SnapshotStore {
  return {
    async begin({ stage, partition, format }, shards, firstOffset) {
      const { rows } = await query<{ snapshot_id: string }>(
        pool,
        `INSERT INTO window_snapshot (stage, partition, format, shards, first_offset) VALUES ($1, $2, $3, $4, $5)
         RETURNING snapshot_id`,
        [stage, partition, format, shards, firstOffset.toString()],
      );
      return rows[0]?.snapshot_id ?? '';
    },
    async putShard(snapshotId, place, shard, bytes) {
      const dataKey = await keyRing.active();
      const { nonce, sealed } = sealBlob(sealingKey(dataKey), contextOf(snapshotId, place, shard), bytes);
      await query(
        pool,
        'INSERT INTO window_snapshot_shard (snapshot_id, shard, key_id, payload) VALUES ($1, $2, $3, $4)',
        [snapshotId, shard, dataKey.id, Buffer.concat([nonce, sealed])],
      );
    },
    async finish(snapshotId, { stage, partition }, endOffset) {
      await query(pool, 'UPDATE window_snapshot SET end_offset = $2 WHERE snapshot_id = $1', [
        snapshotId,
        endOffset.toString(),
      ]);
      // Unfinished ones of a worker that is gone go as well; one that is still being taken is newer.
      await query(
        pool,
        `DELETE FROM window_snapshot WHERE stage = $1 AND partition = $2 AND snapshot_id < (
           SELECT min(snapshot_id) FROM (
             SELECT snapshot_id FROM window_snapshot WHERE stage = $1 AND partition = $2 AND end_offset IS NOT NULL
              ORDER BY snapshot_id DESC LIMIT ${kept}) newest)`,
        [stage, partition],
      );
    },
    async list({ stage, partition, format }, nextOffset) {
      const { rows } = await query<{
        snapshot_id: string;
        shards: number;
        first_offset: string;
        end_offset: string;
      }>(
        pool,
        `SELECT snapshot_id, shards, first_offset, end_offset FROM window_snapshot
          WHERE stage = $1 AND partition = $2 AND format = $3 AND end_offset <= $4 ORDER BY snapshot_id DESC`,
        [stage, partition, format, nextOffset.toString()],
      );
      return rows.map((row) => ({
        ...{ stage, partition, format, snapshotId: row.snapshot_id, shards: row.shards },
        firstOffset: BigInt(row.first_offset),
        endOffset: BigInt(row.end_offset),
      }));
    },
    async readShard(snapshot, shard) {
      const { rows } = await query<{ key_id: number; payload: Buffer }>(
        pool,
        'SELECT key_id, payload FROM window_snapshot_shard WHERE snapshot_id = $1 AND shard = $2',
        [snapshot.snapshotId, shard],
      );
      const [row] = rows;
      if (row === undefined) return undefined;
      const blob = { nonce: row.payload.subarray(0, nonceBytes), sealed: row.payload.subarray(nonceBytes) };
      const key = sealingKey(await keyRing.get(row.key_id));
      return openBlob(key, contextOf(snapshot.snapshotId, snapshot, shard), blob);
    },
  };
}

/** Gives shards of snapshots that are under a data key another one. @returns how many were not what was sealed, and stay */
export async function resealSnapshots(pool: Pool, from: DataKey, to: DataKey): Promise<number> {
  let unreadable = 0;
  for (let after = ['0', -1] as [string, number]; ; ) {
    const { rows } = await query<SnapshotPlace & { snapshot_id: string; shard: number; payload: Buffer }>(
      pool,
      `SELECT snapshot_id, shard, payload, stage, partition, format
         FROM window_snapshot_shard JOIN window_snapshot USING (snapshot_id)
        WHERE key_id = $1 AND (snapshot_id, shard) > ($2, $3) ORDER BY snapshot_id, shard LIMIT 1`,
      [from.id, ...after],
    );
    const [row] = rows;
    if (row === undefined) return unreadable;
    after = [row.snapshot_id, row.shard];
    const context = contextOf(row.snapshot_id, row, row.shard);
    const old = { nonce: row.payload.subarray(0, nonceBytes), sealed: row.payload.subarray(nonceBytes) };
    const bytes = openBlob(sealingKey(from), context, old);
    if (bytes === undefined) {
      unreadable++;
      continue;
    }
    const { nonce, sealed } = sealBlob(sealingKey(to), context, bytes);
    await query(
      pool,
      'UPDATE window_snapshot_shard SET key_id = $3, payload = $4 WHERE snapshot_id = $1 AND shard = $2',
      [row.snapshot_id, row.shard, to.id, Buffer.concat([nonce, sealed])],
    );
  }
}

function sealingKey(dataKey: DataKey) {
  return deriveKey(dataKey.key, 'server-window-snapshot-v1');
}

function contextOf(snapshotId: string, { stage, partition, format }: SnapshotPlace, shard: number): Buffer {
  return lengthPrefixed('sdp-window-snapshot-v1', snapshotId, stage, partition, format, shard);
}
