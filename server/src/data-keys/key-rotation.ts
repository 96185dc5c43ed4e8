import { IntegrityError } from '@sdp/shared/errors';
import type { AuditActor, RecordAudit } from '../audit/index.ts';
import { resealBatch } from '../batches/index.ts';
import { type Pool, query, sqlStateOf, withTransaction } from '../database/index.ts';
import {
  type BatchRoots,
  type DataKey,
  type DataKeyRing,
  type ResealProgress,
  resealProposals,
  resealVersions,
} from '../records/index.ts';
import { resealSnapshots } from '../transactions/index.ts';

export interface KeyRotationOptions {
  readonly pool: Pool;
  readonly keyRing: DataKeyRing;
  readonly roots: BatchRoots;
  readonly recordAudit: RecordAudit;
  readonly actor: AuditActor;
  /** Ends early, between two batches. */
  readonly signal?: AbortSignal;
  readonly onBatch?: (batchId: string) => void;
  /** How long a retired key stays after nothing is under it, for those who have just read something that was; 10 min. */
  readonly graceMs?: number;
}

export interface RotationRound {
  /** Batches, rows and shards that have the active key now. */
  readonly resealed: number;
  /** Those that were not what was written: they keep their key, and it stays. */
  readonly tampered: number;
  readonly destroyed: readonly number[];
}

/** Held by the one process that gives data another key. */
const advisoryLock = 72_707_412;

/**
 * Gives everything that is under retired keys the active one, but stored events, which are gone in days; and destroys those that
 * nothing is under any more. Each batch, and
 * some hundreds of rows of each other table, is one transaction: a process that is killed has lost nothing, and the next one goes
 * on where it was.
 *
 * @returns undefined when another process is at it
 * @throws {UnavailableError} `database-unavailable`
 */
export async function reencrypt(options: KeyRotationOptions): Promise<RotationRound | undefined> {
  const { pool } = options;
  const lock = await pool.connect();
  try {
    const { rows } = await query<{ locked: boolean }>(lock, 'SELECT pg_try_advisory_lock($1) AS locked', [
      advisoryLock,
    ]);
    if (!rows[0]?.locked) return undefined;
    try {
      return await reencryptAll(options);
    } finally {
      await query(lock, 'SELECT pg_advisory_unlock($1)', [advisoryLock]);
    }
  } finally {
    lock.release();
  }
}

async function reencryptAll(options: KeyRotationOptions): Promise<RotationRound> {
  const { pool, keyRing, signal } = options;
  let resealed = 0;
  let tampered = 0;
  const destroyed: number[] = [];
  const { rows } = await query<{ key_id: number }>(pool, "SELECT key_id FROM data_key WHERE state = 'retired'");
  for (const { key_id: keyId } of rows) {
    const from = await keyRing.get(keyId);
    const to = await keyRing.active();
    for (const pass of [resealBatches, resealRowsOf(resealVersions), resealRowsOf(resealProposals)]) {
      const done = await pass(options, from, to);
      resealed += done.resealed;
      tampered += done.tampered;
    }
    tampered += await resealSnapshots(pool, from, to);
    if (!signal?.aborted && (await destroyUnused(options, keyId))) destroyed.push(keyId);
  }
  return { resealed, tampered, destroyed };
}

interface Pass {
  readonly resealed: number;
  readonly tampered: number;
}

async function resealBatches(
  { pool, roots, signal, onBatch }: KeyRotationOptions,
  from: DataKey,
  to: DataKey,
): Promise<Pass> {
  let resealed = 0;
  let tampered = 0;
  let after = '00000000-0000-0000-0000-000000000000';
  while (!signal?.aborted) {
    const { rows } = await query<{ batch_id: string }>(
      pool,
      `SELECT batch_id FROM processing_batch
        WHERE key_id = $1 AND status IN ('PROCESSED', 'FAILED', 'QUARANTINED') AND batch_id > $2 ORDER BY batch_id LIMIT 1`,
      [from.id, after],
    );
    const batchId = rows[0]?.batch_id;
    if (batchId === undefined) break;
    after = batchId;
    try {
      if (await resealBatch(pool, roots, batchId, from, to)) resealed++;
      onBatch?.(batchId);
    } catch (error) {
      if (!(error instanceof IntegrityError)) throw error;
      tampered++;
    }
  }
  return { resealed, tampered };
}

type ResealSome = (
  pool: Pool,
  from: DataKey,
  to: DataKey,
  after?: readonly (string | number)[],
) => Promise<ResealProgress>;

const resealRowsOf =
  (resealSome: ResealSome) =>
  async ({ pool, signal }: KeyRotationOptions, from: DataKey, to: DataKey): Promise<Pass> => {
    let resealed = 0;
    let tampered = 0;
    let after: ResealProgress['next'];
    do {
      const progress: ResealProgress = await resealSome(pool, from, to, after);
      resealed += progress.done;
      tampered += progress.tampered;
      after = progress.next;
    } while (after !== undefined && !signal?.aborted);
    return { resealed, tampered };
  };

/** Foreign keys keep it as long as anything refers to it, of transactions under way as well. */
async function destroyUnused(
  { pool, recordAudit, actor, graceMs = 600_000 }: KeyRotationOptions,
  keyId: number,
): Promise<boolean> {
  return withTransaction(pool, async (tx) => {
    await tx.query("SET LOCAL lock_timeout = '1s'");
    const unused = `state = 'retired'
      AND NOT EXISTS (SELECT FROM processing_batch WHERE key_id = k.key_id)
      AND NOT EXISTS (SELECT FROM record_versions WHERE key_id = k.key_id)
      AND NOT EXISTS (SELECT FROM record_proposal WHERE key_id = k.key_id)
      AND NOT EXISTS (SELECT FROM window_snapshot_shard WHERE key_id = k.key_id)
      AND NOT EXISTS (SELECT FROM event_block WHERE key_id = k.key_id)`;
    await tx.query(
      `UPDATE data_key k SET unused_since = CASE WHEN ${unused} THEN coalesce(unused_since, clock_timestamp()) END
        WHERE key_id = $1`,
      [keyId],
    );
    const { rowCount } = await tx.query(
      `DELETE FROM data_key k
        WHERE key_id = $1 AND unused_since <= clock_timestamp() - $2 * interval '1 ms' AND ${unused}`,
      [keyId, graceMs],
    );
    if (rowCount !== 1) return false;
    await recordAudit(tx, { actor, action: 'data-key.destroyed', subject: `data-key-${keyId}` });
    return true;
  }).catch((error: unknown) => {
    // Somebody is storing something under it, or has just done so: the next round sees it.
    if (isReferred(error)) return false;
    throw error;
  });
}

/** 23503: a row refers to it; 55P03: a transaction that isn't over does. */
function isReferred(error: unknown): boolean {
  return ['23503', '23001', '55P03'].includes(sqlStateOf(error) ?? '');
}
