import type { Actor } from '@sdp/shared/contracts';
import { constantTimeEqual } from '@sdp/shared/crypto';
import { RejectedError } from '@sdp/shared/errors';
import type { PoolClient, Queryable } from '../../database/index.ts';
import type { DataKey, DataKeyRing } from '../data-key-ring.ts';
import { decodeRecord, type RecordRow } from '../record-entry.ts';
import type { ColumnIndex } from '../search/column-index.ts';
import { reindexRecord } from '../search/index-writer.ts';
import { type FirstVersion, type RecordedBatch, readFirstVersions, tampered } from './first-versions.ts';
import { openVersion, sealVersion, type VersionPlace, versionDigest } from './version-sealer.ts';

/** A record at one of its versions, verified. */
export interface StoredVersion {
  readonly seq: number;
  /** From 1, which is what was uploaded. */
  readonly version: number;
  readonly cells: RecordRow;
  /** What a correction says of itself; undefined for version 1. */
  readonly correction?: Correction;
}

export interface Correction {
  readonly author: Actor;
  readonly at: Date;
  readonly reason: string;
  readonly proposalId: string | null;
}

export interface NewVersion extends Omit<Correction, 'at'> {
  /** The version that the author saw. */
  readonly base: number;
  readonly entry: string;
}

/** A row of `record_versions`. */
export interface VersionRow {
  readonly batch_id: string;
  readonly seq: number;
  readonly version: number;
  readonly client_id: string;
  readonly payload: Buffer;
  readonly sha256: Buffer;
  readonly key_id: number;
  readonly author_kind: string;
  readonly author_id: string;
  readonly at: Date;
  readonly reason: string;
  readonly proposal_id: string | null;
}

/**
 * Versions of records, in the caller's transaction and within what it may see. Whatever is read is verified; what isn't as it
 * was written throws `record-tampered`.
 */
export interface VersionStore {
  /** @returns the latest version of each, in the order asked for */
  current(tx: Queryable, batch: RecordedBatch, seqs: readonly number[]): Promise<StoredVersion[]>;
  /** Newest first. They are numbered without a gap, so none can be taken out of the middle. */
  history(
    tx: PoolClient,
    batch: RecordedBatch,
    seq: number,
    page: { readonly below?: number | undefined; readonly limit: number },
  ): Promise<StoredVersion[]>;
  /**
   * Adds a version. Of several that are based on one, a single one is stored.
   *
   * @throws {RejectedError} `version-outdated` when there is a later one than its base
   */
  add(
    tx: PoolClient,
    batch: RecordedBatch,
    index: ColumnIndex,
    seq: number,
    version: NewVersion,
  ): Promise<StoredVersion>;
}

export function createVersionStore(keyRing: DataKeyRing): VersionStore {
  const open = async (batch: RecordedBatch, row: VersionRow): Promise<StoredVersion> => {
    const place = placeOf(row);
    const dataKey = await keyRing.get(row.key_id);
    const entry = row.client_id === batch.clientId ? openVersion('version', dataKey, place, row.payload) : undefined;
    if (entry === undefined) throw tampered(row.batch_id, row.seq);
    const correction = correctionOf(row);
    if (!constantTimeEqual(row.sha256, versionDigest('version', dataKey, place, digested(entry, correction)))) {
      throw tampered(row.batch_id, row.seq);
    }
    return { seq: row.seq, version: row.version, cells: decodeRecord(entry), correction };
  };

  const current: VersionStore['current'] = async (tx, batch, seqs) => {
    const first = await readFirstVersions(tx, batch, seqs);
    const { rows } = await tx.query<VersionRow & { readonly corrections: number }>(
      `SELECT DISTINCT ON (seq) *, count(*) OVER (PARTITION BY seq)::int AS corrections FROM record_versions
        WHERE batch_id = $1 AND seq = ANY($2::integer[]) ORDER BY seq, version DESC`,
      [batch.batchId, seqs],
    );
    const latest = new Map(rows.map((row) => [row.seq, row]));
    return Promise.all(
      seqs.map(async (seq) => {
        const row = latest.get(seq);
        if (row === undefined) return firstVersion(seq, first);
        // Numbered without a gap.
        if (row.version !== row.corrections + 1) throw tampered(batch.batchId, seq);
        return open(batch, row);
      }),
    );
  };

  return {
    current,
    async history(tx, batch, seq, { below, limit }) {
      const first = await readFirstVersions(tx, batch, [seq]);
      const { rows } = await tx.query<VersionRow>(
        `SELECT * FROM record_versions WHERE batch_id = $1 AND seq = $2 AND ($3::integer IS NULL OR version < $3)
          ORDER BY version DESC LIMIT $4`,
        [batch.batchId, seq, below ?? null, limit],
      );
      const versions = await Promise.all(rows.map((row) => open(batch, row)));
      if (rows.length < limit && (below === undefined || below > 1)) versions.push(firstVersion(seq, first));
      const top = versions[0]?.version ?? 0;
      if (versions.some(({ version }, i) => version !== top - i)) throw tampered(batch.batchId, seq);
      // Where the page doesn't begin right below, nothing may lie above it either: then that number was never given out.
      if (below !== undefined && top < below - 1) {
        const { rowCount } = await tx.query(
          'SELECT FROM record_versions WHERE batch_id = $1 AND seq = $2 AND version >= $3 LIMIT 1',
          [batch.batchId, seq, below],
        );
        if (rowCount !== 0) throw tampered(batch.batchId, seq);
      }
      return versions;
    },
    async add(tx, batch, index, seq, { base, entry, author, reason, proposalId }) {
      const [present] = await current(tx, batch, [seq]);
      if (present === undefined || present.version !== base) throw new RejectedError('version-outdated');
      const { batchId, clientId } = batch;
      const version = base + 1;
      const place = { batchId, clientId, seq, version };
      const dataKey = await keyRing.active();
      const correction: Correction = { author, at: new Date(), reason, proposalId };
      const sha256 = versionDigest('version', dataKey, place, digested(entry, correction));
      // A second editor waits here for the first one's commit, and then finds the number taken.
      const { rowCount } = await tx.query(
        `INSERT INTO record_versions (batch_id, seq, version, client_id, payload, sha256, key_id, author_kind, author_id, at,
                                      reason, proposal_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING`,
        [
          ...[batchId, seq, version, clientId, sealVersion('version', dataKey, place, entry), sha256, dataKey.id],
          ...[author.kind, author.id, correction.at, reason, proposalId],
        ],
      );
      if (rowCount !== 1) throw new RejectedError('version-outdated');
      const cells = decodeRecord(entry);
      await reindexRecord(tx, { batchId, seq }, index, cells);
      return { seq, version, cells, correction };
    },
  };
}

/**
 * A version's row under another data key, everything else as it was.
 *
 * @throws {IntegrityError} `record-tampered` when it isn't as it was written
 */
export function resealVersion(row: VersionRow, from: DataKey, to: DataKey): { payload: Buffer; sha256: Buffer } {
  const place = placeOf(row);
  const entry = openVersion('version', from, place, row.payload);
  if (entry === undefined) throw tampered(row.batch_id, row.seq);
  const parts = digested(entry, correctionOf(row));
  if (!constantTimeEqual(row.sha256, versionDigest('version', from, place, parts)))
    throw tampered(row.batch_id, row.seq);
  return { payload: sealVersion('version', to, place, entry), sha256: versionDigest('version', to, place, parts) };
}

function firstVersion(seq: number, first: ReadonlyMap<number, FirstVersion>): StoredVersion {
  const { entry } = first.get(seq) as FirstVersion;
  return { seq, version: 1, cells: decodeRecord(entry) };
}

function placeOf(row: VersionRow): VersionPlace {
  return { batchId: row.batch_id, clientId: row.client_id, seq: row.seq, version: row.version };
}

function correctionOf(row: VersionRow): Correction {
  const { author_kind: kind, author_id: id, at, reason, proposal_id: proposalId } = row;
  return { author: { kind: kind as Actor['kind'], id }, at, reason, proposalId };
}

function digested(entry: string, { author, at, reason, proposalId }: Correction) {
  return [entry, author.kind, author.id, at.toISOString(), reason, proposalId];
}
