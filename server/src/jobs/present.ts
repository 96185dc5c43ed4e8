import type { Cell, Job, Proposal, RecordVersion } from '@sdp/shared/contracts';
import { presentBatch, type StoredBatch } from '../batches/index.ts';
import { decodeRecord, type RecordRow, type StoredProposal, type StoredVersion } from '../records/index.ts';

/** As the API shows a job. */
export function presentJob(batch: StoredBatch): Job {
  const { batch_id: jobId, ...rest } = presentBatch(batch);
  return { ...rest, job_id: jobId, index: { ...batch.index } };
}

/** As the API shows a record at one of its versions. */
export function presentRecord(batch: StoredBatch, { seq, version, cells, correction }: StoredVersion): RecordVersion {
  return {
    record_id: `${batch.batchId}.${seq}`,
    job_id: batch.batchId,
    seq,
    version,
    values: valuesOf(batch.columns, cells),
    author: correction ? correction.author : batch.author,
    at: (correction?.at ?? batch.receivedAt).toISOString(),
    reason: correction?.reason ?? null,
    proposal_id: correction?.proposalId ?? null,
  };
}

/** As the API shows a proposal. */
export function presentProposal(batch: StoredBatch, proposal: StoredProposal): Proposal {
  const { decision } = proposal;
  return {
    proposal_id: proposal.proposalId,
    record_id: `${proposal.batchId}.${proposal.seq}`,
    job_id: batch.batchId,
    client_id: proposal.clientId,
    base_version: proposal.baseVersion,
    values: valuesOf(batch.columns, decodeRecord(proposal.entry)),
    reason: proposal.reason,
    status: proposal.status,
    proposed_by: proposal.author,
    proposed_at: proposal.at.toISOString(),
    decided_by: decision?.decider ?? null,
    decided_at: decision?.at.toISOString() ?? null,
    decision_reason: decision?.reason ?? null,
    version: decision?.version ?? null,
  };
}

/** Cells by column; whoever has no prototype can have a column of any name. */
function valuesOf(columns: readonly string[], cells: RecordRow): Record<string, Cell> {
  const values: Record<string, Cell> = Object.create(null);
  for (const [i, name] of columns.entries()) {
    const cell = cells[i];
    if (cell !== undefined) values[name] = cell;
  }
  return values;
}
