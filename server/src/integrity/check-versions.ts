import { IntegrityError } from '@sdp/shared/errors';
import type { StoredBatch } from '../batches/index.ts';
import { type Queryable, query } from '../database/index.ts';
import {
  type DataKeyRing,
  type ProposalRow,
  resealProposal,
  resealVersion,
  type VersionRow,
} from '../records/index.ts';
import type { Finding, Pace } from './finding.ts';

const rowsPerQuery = 500;

/** Verifies each version of a batch's records, and that none is missing from the middle. */
export async function checkVersions(
  db: Queryable,
  { batchId, clientId, recordCount }: StoredBatch,
  keyRing: DataKeyRing,
  pace: Pace,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const table = 'record_versions';
  let previous: VersionRow | undefined;
  for (;;) {
    const { rows }: { rows: VersionRow[] } = await query<VersionRow>(
      db,
      `SELECT * FROM record_versions WHERE batch_id = $1 AND (seq, version) > ($2, $3)
        ORDER BY seq, version LIMIT ${rowsPerQuery}`,
      [batchId, previous?.seq ?? -2_147_483_648, previous?.version ?? 0],
    );
    for (const row of rows) {
      const { seq, version } = row;
      const expected = previous?.seq === seq ? previous.version + 1 : 2;
      for (let missing = expected; missing < Math.min(version, expected + maxMissing); missing++) {
        findings.push({ table, kind: 'deleted', batchId, row: seq, version: missing });
      }
      previous = row;
      const isGenuine =
        row.client_id === clientId && (await opens(keyRing, row.key_id, (key) => resealVersion(row, key, key)));
      if (isGenuine && seq >= 1 && seq <= recordCount) continue;
      // What has no number that could have been given was put there; anything else may have been there before.
      const kind = seq < 1 || seq > recordCount ? 'inserted' : 'edited';
      findings.push({ table, kind, batchId, row: seq, version });
    }
    await pace(rows.length);
    if (rows.length < rowsPerQuery) return findings;
  }
}

const maxMissing = 10;

/** Verifies each proposal on a batch's records. */
export async function checkProposals(
  db: Queryable,
  { batchId, clientId }: StoredBatch,
  keyRing: DataKeyRing,
  pace: Pace,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const { rows } = await query<ProposalRow>(
      db,
      `SELECT * FROM record_proposal WHERE batch_id = $1 AND proposal_id > $2::uuid
        ORDER BY proposal_id LIMIT ${rowsPerQuery}`,
      [batchId, after],
    );
    for (const row of rows) {
      after = row.proposal_id;
      if (row.client_id === clientId && (await opens(keyRing, row.key_id, (key) => resealProposal(row, key, key))))
        continue;
      const place = { row: row.seq, proposalId: row.proposal_id };
      findings.push({ table: 'record_proposal', kind: 'edited', batchId, ...place });
    }
    await pace(rows.length);
    if (rows.length < rowsPerQuery) return findings;
  }
}

type Key = Awaited<ReturnType<DataKeyRing['get']>>;

/** Whether a row is what was written: what can be sealed anew could be opened, and its digests fitted. */
async function opens(keyRing: DataKeyRing, keyId: number, reseal: (key: Key) => unknown): Promise<boolean> {
  try {
    reseal(await keyRing.get(keyId));
    return true;
  } catch (error) {
    if (error instanceof IntegrityError) return false;
    throw error;
  }
}
