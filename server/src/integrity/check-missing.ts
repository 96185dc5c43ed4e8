import { type Queryable, query } from '../database/index.ts';
import type { Finding, SweptTable } from './finding.ts';

const maxListed = 200;

/** Tables of which each row belongs to a batch. */
const ofBatches = ['tokenized_record', 'processed_result', 'record_versions', 'record_proposal', 'batch_root'] as const;

/**
 * What no batch knows of: rows of batches that there are not, and what the audit trail says was stored and isn't there.
 *
 * @param db one transaction that sees one moment
 * @throws {UnavailableError} `database-unavailable`
 */
export async function checkMissing(db: Queryable): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const table of ofBatches) {
    // One step for each batch, not for each row.
    const { rows } = await query<{ batch_id: string }>(
      db,
      `WITH RECURSIVE ids AS (
         (SELECT batch_id FROM ${table} ORDER BY batch_id LIMIT 1)
         UNION ALL
         SELECT (SELECT t.batch_id FROM ${table} t WHERE t.batch_id > ids.batch_id ORDER BY t.batch_id LIMIT 1)
           FROM ids WHERE ids.batch_id IS NOT NULL
       )
       SELECT batch_id FROM ids
        WHERE batch_id IS NOT NULL AND NOT EXISTS (SELECT FROM processing_batch b WHERE b.batch_id = ids.batch_id)
        LIMIT ${maxListed}`,
    );
    for (const { batch_id: batchId } of rows) findings.push({ table, kind: 'inserted', batchId });
  }
  const { rows: batches } = await query<{ subject: string }>(
    db,
    `SELECT subject FROM audit_event
      WHERE action = 'job.uploaded' AND NOT EXISTS (SELECT FROM processing_batch b WHERE b.batch_id::text = subject)
      LIMIT ${maxListed}`,
  );
  for (const { subject } of batches) findings.push({ table: 'processing_batch', kind: 'deleted', batchId: subject });
  findings.push(...(await missingEdits(db)), ...(await missingProposals(db)));
  return findings;
}

async function missingEdits(db: Queryable): Promise<Finding[]> {
  const { rows } = await query<{ batch_id: string; seq: number; version: number }>(
    db,
    `SELECT split_part(subject, '.', 1) AS batch_id, split_part(subject, '.', 2)::int AS seq, (detail ->> 'version')::int AS version
       FROM audit_event
      WHERE action = 'record.edited' AND subject ~ '^[0-9a-f-]{36}\\.[0-9]{1,9}$' AND detail ->> 'version' ~ '^[0-9]{1,9}$'
        AND NOT EXISTS (
          SELECT FROM record_versions v
           WHERE v.batch_id = split_part(subject, '.', 1)::uuid AND v.seq = split_part(subject, '.', 2)::int
             AND v.version = (detail ->> 'version')::int)
      LIMIT ${maxListed}`,
  );
  const table: SweptTable = 'record_versions';
  return rows.map(({ batch_id: batchId, seq: row, version }) => ({ table, kind: 'deleted', batchId, row, version }));
}

async function missingProposals(db: Queryable): Promise<Finding[]> {
  const { rows } = await query<{ subject: string; record_id: string | null }>(
    db,
    `SELECT subject, detail ->> 'record_id' AS record_id FROM audit_event
      WHERE action = 'proposal.made' AND NOT EXISTS (SELECT FROM record_proposal p WHERE p.proposal_id::text = subject)
      LIMIT ${maxListed}`,
  );
  return rows.map(({ subject, record_id: recordId }) => {
    const [batchId = '', seq] = (recordId ?? '').split('.');
    const row = seq === undefined ? undefined : Number(seq);
    return { table: 'record_proposal', kind: 'deleted', batchId, row, proposalId: subject };
  });
}
