import { type Queryable, query } from '../database/index.ts';

/** A data key and what is under it. */
export interface KeyUsage {
  readonly keyId: number;
  readonly state: 'active' | 'retired';
  readonly createdAt: Date;
  readonly retiredAt: Date | null;
  readonly batches: number;
  /** Of these, those that are still being processed: they get another key when they are done. */
  readonly unfinished: number;
  readonly versions: number;
  readonly proposals: number;
  readonly snapshots: number;
  /** Of stored events, which keep their key until their day is dropped. */
  readonly eventBlocks: number;
}

interface UsageRow {
  readonly key_id: number;
  readonly state: KeyUsage['state'];
  readonly created_at: Date;
  readonly retired_at: Date | null;
  readonly batches: number;
  readonly unfinished: number;
  readonly versions: number;
  readonly proposals: number;
  readonly snapshots: number;
  readonly event_blocks: number;
}

/** Every data key there is, oldest first. @throws {UnavailableError} `database-unavailable` */
export async function keyUsage(db: Queryable): Promise<KeyUsage[]> {
  const { rows } = await query<UsageRow>(
    db,
    `SELECT key_id, state, created_at, retired_at,
            (SELECT count(*)::int FROM processing_batch b WHERE b.key_id = k.key_id) AS batches,
            (SELECT count(*)::int FROM processing_batch b
              WHERE b.key_id = k.key_id AND b.status NOT IN ('PROCESSED', 'FAILED', 'QUARANTINED')) AS unfinished,
            (SELECT count(*)::int FROM record_versions v WHERE v.key_id = k.key_id) AS versions,
            (SELECT count(*)::int FROM record_proposal p WHERE p.key_id = k.key_id) AS proposals,
            (SELECT count(*)::int FROM window_snapshot_shard s WHERE s.key_id = k.key_id) AS snapshots,
            (SELECT count(*)::int FROM event_block e WHERE e.key_id = k.key_id) AS event_blocks
       FROM data_key k ORDER BY key_id`,
  );
  return rows.map((row) => ({
    ...{ keyId: row.key_id, state: row.state, createdAt: row.created_at, retiredAt: row.retired_at },
    ...{ batches: row.batches, unfinished: row.unfinished, versions: row.versions },
    ...{ proposals: row.proposals, snapshots: row.snapshots, eventBlocks: row.event_blocks },
  }));
}
