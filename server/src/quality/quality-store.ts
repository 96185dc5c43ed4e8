import { createHmac, type KeyObject } from 'node:crypto';
import { type QualityReport, qualityReportSchema } from '@sdp/shared/contracts';
import { canonicalJson, constantTimeEqual, deriveKey, lengthPrefixed } from '@sdp/shared/crypto';
import { IntegrityError } from '@sdp/shared/errors';
import { z } from 'zod';
import type { PoolClient, Queryable } from '../database/index.ts';
import type { Profile } from './evaluation-rules.ts';

/** A row of `quality_result`. */
interface QualityRow {
  readonly batch_id: string;
  readonly client_id: string;
  readonly source_table: string;
  readonly outcome: string;
  readonly records: number;
  readonly expectations: unknown;
  readonly profile: unknown;
  readonly evaluated_at: Date;
  readonly sha256: Buffer;
}

export interface StoredQuality {
  readonly report: QualityReport;
  readonly profile: Profile;
}

/** Rows of `quality_result`, each with a keyed digest that is checked whenever it is read. */
export interface QualityStore {
  /** In place of what an earlier attempt at the same job wrote. */
  write(tx: PoolClient, quality: StoredQuality): Promise<void>;
  /** @throws {IntegrityError} `record-tampered` */
  find(db: Queryable, jobId: string): Promise<QualityReport | undefined>;
  /** Of the last job of the table that went through and whose results were computed. @throws {IntegrityError} `record-tampered` */
  lastGood(db: Queryable, clientId: string, sourceTable: string): Promise<Profile | undefined>;
}

const profileSchema = z.record(z.string(), z.array(z.int().min(0)));

/** @param serverKey what the digests' keys are derived from: they outlive the keys of records, and hold no data */
export function createQualityStore(serverKey: KeyObject): QualityStore {
  const open = (row: QualityRow): StoredQuality => {
    const report = qualityReportSchema.safeParse({
      job_id: row.batch_id,
      client_id: row.client_id,
      source_table: row.source_table,
      outcome: row.outcome,
      records: row.records,
      expectations: row.expectations,
      evaluated_at: row.evaluated_at.toISOString(),
    });
    const profile = profileSchema.safeParse(row.profile);
    if (!report.success || !profile.success) throw tampered(row.batch_id);
    const quality = { report: report.data, profile: profile.data };
    if (!constantTimeEqual(row.sha256, digestOf(serverKey, quality))) throw tampered(row.batch_id);
    return quality;
  };
  return {
    async write(tx, quality) {
      const { report, profile } = quality;
      await tx.query(
        `INSERT INTO quality_result (batch_id, client_id, source_table, outcome, records, expectations, profile, evaluated_at,
                                     sha256)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (batch_id) DO UPDATE
            SET client_id = excluded.client_id, source_table = excluded.source_table, outcome = excluded.outcome,
                records = excluded.records, expectations = excluded.expectations, profile = excluded.profile,
                evaluated_at = excluded.evaluated_at, sha256 = excluded.sha256`,
        [
          report.job_id,
          report.client_id,
          report.source_table,
          report.outcome,
          report.records,
          JSON.stringify(report.expectations),
          JSON.stringify(profile),
          report.evaluated_at,
          digestOf(serverKey, quality),
        ],
      );
    },
    async find(db, jobId) {
      const { rows } = await db.query<QualityRow>('SELECT * FROM quality_result WHERE batch_id = $1', [jobId]);
      return rows[0] && open(rows[0]).report;
    },
    async lastGood(db, clientId, sourceTable) {
      const { rows } = await db.query<QualityRow>(
        `SELECT q.* FROM quality_result q JOIN processing_batch b USING (batch_id)
          WHERE q.client_id = $1 AND q.source_table = $2 AND q.outcome <> 'quarantined' AND b.status = 'PROCESSED'
          ORDER BY q.evaluated_at DESC LIMIT 1`,
        [clientId, sourceTable],
      );
      return rows[0] && open(rows[0]).profile;
    },
  };
}

function digestOf(serverKey: KeyObject, { report, profile }: StoredQuality): Buffer {
  return createHmac('sha256', deriveKey(serverKey, 'server-quality-v1', report.job_id))
    .update(lengthPrefixed(canonicalJson(report), canonicalJson(profile)))
    .digest();
}

function tampered(batchId: string): IntegrityError {
  return new IntegrityError('record-tampered', { details: { batchId } });
}
