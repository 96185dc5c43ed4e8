import type { KeyObject } from 'node:crypto';
import { type QualityReport, qualityReportSchema } from '@sdp/shared/contracts';
import { deriveKey, lengthPrefixed, nonceBytes, openBlob, sealBlob } from '@sdp/shared/crypto';
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
  readonly payload: Buffer;
  readonly evaluated_at: Date;
}

export interface StoredQuality {
  readonly report: QualityReport;
  readonly profile: Profile;
}

/**
 * Rows of `quality_result`. How each expectation fared and the counts of bins are sealed: of a job with few records, they
 * would tell whoever reads the database nearly what the records say. The rest of a row is bound to them.
 */
export interface QualityStore {
  /** In place of what an earlier attempt at the same job wrote. */
  write(tx: PoolClient, quality: StoredQuality): Promise<void>;
  /** @throws {IntegrityError} `record-tampered` */
  find(db: Queryable, jobId: string): Promise<QualityReport | undefined>;
  /** Of the last job of the table that went through and whose results were computed. @throws {IntegrityError} `record-tampered` */
  lastGood(db: Queryable, clientId: string, sourceTable: string): Promise<Profile | undefined>;
}

const payloadSchema = z.strictObject({
  expectations: qualityReportSchema.shape.expectations,
  profile: z.record(z.string(), z.array(z.int().min(0))),
});

/** @param serverKey what the keys of rows are derived from */
export function createQualityStore(serverKey: KeyObject): QualityStore {
  const open = (row: QualityRow): StoredQuality => {
    const facts = factsOf(row);
    const [nonce, sealed] = [row.payload.subarray(0, nonceBytes), row.payload.subarray(nonceBytes)];
    const opened = openBlob(keyOf(serverKey, facts), boundTo(facts), { nonce, sealed });
    if (opened === undefined) throw tampered(row.batch_id);
    // It opens, so it is what was written; only another version may have written it otherwise.
    const payload = payloadSchema.safeParse(JSON.parse(opened.toString('utf8')));
    if (!payload.success) throw tampered(row.batch_id);
    const { expectations, profile } = payload.data;
    return { report: qualityReportSchema.parse({ ...facts, expectations }), profile };
  };
  return {
    async write(tx, { report, profile }) {
      const { expectations, ...facts } = report;
      const text = Buffer.from(JSON.stringify({ expectations, profile }), 'utf8');
      const { nonce, sealed } = sealBlob(keyOf(serverKey, facts), boundTo(facts), text);
      await tx.query(
        `INSERT INTO quality_result (batch_id, client_id, source_table, outcome, records, payload, evaluated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (batch_id) DO UPDATE
            SET client_id = excluded.client_id, source_table = excluded.source_table, outcome = excluded.outcome,
                records = excluded.records, payload = excluded.payload, evaluated_at = excluded.evaluated_at`,
        [
          ...[facts.job_id, facts.client_id, facts.source_table, facts.outcome, facts.records],
          ...[Buffer.concat([nonce, sealed]), facts.evaluated_at],
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

/** What of a report stands unsealed. */
type Facts = Omit<QualityReport, 'job_id' | 'outcome' | 'expectations'> & {
  readonly job_id: string;
  readonly outcome: string;
};

function factsOf(row: QualityRow): Facts {
  return {
    job_id: row.batch_id,
    client_id: row.client_id,
    source_table: row.source_table,
    outcome: row.outcome,
    records: row.records,
    evaluated_at: row.evaluated_at.toISOString(),
  };
}

function keyOf(serverKey: KeyObject, { job_id: jobId }: Facts): KeyObject {
  return deriveKey(serverKey, 'server-quality-v1', jobId);
}

function boundTo({ job_id, client_id, source_table, outcome, records, evaluated_at }: Facts): Buffer {
  return lengthPrefixed('sdp-quality-v1', job_id, client_id, source_table, outcome, records, evaluated_at);
}

function tampered(batchId: string): IntegrityError {
  return new IntegrityError('record-tampered', { details: { batchId } });
}
