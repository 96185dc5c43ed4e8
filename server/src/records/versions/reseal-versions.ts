import { IntegrityError } from '@sdp/shared/errors';
import { type Pool, withTransaction } from '../../database/index.ts';
import type { DataKey } from '../data-key-ring.ts';
import { type ProposalRow, resealProposal } from './proposal-store.ts';
import { resealVersion, type VersionRow } from './version-store.ts';

/** How far a pass over rows under a key has come, and how many of them were not as they were written and stay as they are. */
export interface ResealProgress {
  readonly done: number;
  readonly tampered: number;
  /** Where the next call goes on; undefined at the end. */
  readonly next: readonly (string | number)[] | undefined;
}

const rowsPerTransaction = 500;

/** Gives some versions of records another data key, each row at once. */
export function resealVersions(
  pool: Pool,
  from: DataKey,
  to: DataKey,
  after: readonly (string | number)[] = ['00000000-0000-0000-0000-000000000000', 0, 0],
): Promise<ResealProgress> {
  return withTransaction(pool, async (tx) => {
    const { rows } = await tx.query<VersionRow>(
      `SELECT * FROM record_versions WHERE key_id = $1 AND (batch_id, seq, version) > ($2::uuid, $3, $4)
        ORDER BY batch_id, seq, version LIMIT ${rowsPerTransaction} FOR UPDATE`,
      [from.id, ...after],
    );
    let tampered = 0;
    for (const row of rows) {
      const resealed = orTampered(() => resealVersion(row, from, to));
      if (!resealed) {
        tampered++;
        continue;
      }
      await tx.query(
        `UPDATE record_versions SET payload = $4, sha256 = $5, key_id = $6
          WHERE batch_id = $1 AND seq = $2 AND version = $3`,
        [row.batch_id, row.seq, row.version, resealed.payload, resealed.sha256, to.id],
      );
    }
    const last = rows.at(-1);
    return { done: rows.length - tampered, tampered, next: last && [last.batch_id, last.seq, last.version] };
  });
}

/** Gives some proposals another data key. */
export function resealProposals(
  pool: Pool,
  from: DataKey,
  to: DataKey,
  after: readonly (string | number)[] = ['00000000-0000-0000-0000-000000000000'],
): Promise<ResealProgress> {
  return withTransaction(pool, async (tx) => {
    const { rows } = await tx.query<ProposalRow>(
      `SELECT * FROM record_proposal WHERE key_id = $1 AND proposal_id > $2::uuid
        ORDER BY proposal_id LIMIT ${rowsPerTransaction} FOR UPDATE`,
      [from.id, ...after],
    );
    let tampered = 0;
    for (const row of rows) {
      const resealed = orTampered(() => resealProposal(row, from, to));
      if (!resealed) {
        tampered++;
        continue;
      }
      await tx.query(
        'UPDATE record_proposal SET payload = $2, sha256 = $3, outcome_sha256 = $4, key_id = $5 WHERE proposal_id = $1',
        [row.proposal_id, resealed.payload, resealed.sha256, resealed.outcomeSha256, to.id],
      );
    }
    const last = rows.at(-1);
    return { done: rows.length - tampered, tampered, next: last && [last.proposal_id] };
  });
}

function orTampered<T>(reseal: () => T): T | undefined {
  try {
    return reseal();
  } catch (error) {
    if (error instanceof IntegrityError) return undefined;
    throw error;
  }
}
