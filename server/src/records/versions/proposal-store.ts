import { randomUUID } from 'node:crypto';
import type { Actor, ProposalStatus } from '@sdp/shared/contracts';
import { constantTimeEqual } from '@sdp/shared/crypto';
import { RejectedError } from '@sdp/shared/errors';
import type { PoolClient } from '../../database/index.ts';
import type { DataKey, DataKeyRing } from '../data-key-ring.ts';
import { tampered } from './first-versions.ts';
import { openVersion, sealVersion, type VersionPlace, versionDigest } from './version-sealer.ts';

/** What was proposed, verified. */
export interface StoredProposal {
  readonly proposalId: string;
  readonly batchId: string;
  readonly clientId: string;
  readonly seq: number;
  readonly baseVersion: number;
  readonly entry: string;
  readonly author: Actor;
  readonly at: Date;
  readonly reason: string;
  readonly status: ProposalStatus;
  readonly decision: Decision | undefined;
}

export interface Decision {
  readonly status: 'approved' | 'rejected';
  readonly decider: Actor;
  readonly at: Date;
  readonly reason: string | null;
  /** The version that approval made. */
  readonly version: number | null;
}

export type NewProposal = Pick<
  StoredProposal,
  'batchId' | 'clientId' | 'seq' | 'baseVersion' | 'entry' | 'author' | 'reason'
>;

export interface ProposalFilter {
  readonly status?: ProposalStatus | undefined;
  readonly batchId?: string | undefined;
  readonly seq?: number | undefined;
  readonly authorId?: string | undefined;
  /** Go on behind this one. */
  readonly after?: { readonly at: Date; readonly proposalId: string } | undefined;
  readonly limit: number;
}

/** A row of `record_proposal`. */
export interface ProposalRow {
  readonly proposal_id: string;
  readonly batch_id: string;
  readonly seq: number;
  readonly client_id: string;
  readonly base_version: number;
  readonly payload: Buffer;
  readonly sha256: Buffer;
  readonly key_id: number;
  readonly author_kind: string;
  readonly author_id: string;
  readonly at: Date;
  readonly reason: string;
  readonly status: string;
  readonly decider_kind: string | null;
  readonly decider_id: string | null;
  readonly decided_at: Date | null;
  readonly decision_reason: string | null;
  readonly version: number | null;
  readonly outcome_sha256: Buffer | null;
}

/** Proposals, in the caller's transaction and within what it may see; verified like versions. */
export interface ProposalStore {
  insert(tx: PoolClient, proposal: NewProposal): Promise<StoredProposal>;
  find(tx: PoolClient, proposalId: string): Promise<StoredProposal | undefined>;
  /** The same for whoever decides on it: of two the second waits until the first is done. */
  lock(tx: PoolClient, proposalId: string): Promise<StoredProposal | undefined>;
  /** Newest first. */
  list(tx: PoolClient, filter: ProposalFilter): Promise<StoredProposal[]>;
  /** @throws {RejectedError} `proposal-decided` when somebody was faster */
  decide(tx: PoolClient, proposal: StoredProposal, decision: Omit<Decision, 'at'>): Promise<StoredProposal>;
}

export function createProposalStore(keyRing: DataKeyRing): ProposalStore {
  const open = async (row: ProposalRow): Promise<StoredProposal> => openProposal(row, await keyRing.get(row.key_id));

  return {
    async insert(tx, { batchId, clientId, seq, baseVersion, entry, author, reason }) {
      const dataKey = await keyRing.active();
      const proposalId = randomUUID();
      const place: VersionPlace = { batchId, clientId, seq, version: baseVersion, proposalId };
      const payload = sealVersion('proposal', dataKey, place, entry);
      const at = new Date();
      const sha256 = versionDigest('proposal', dataKey, place, proposed(entry, author, at, reason));
      const { rows } = await tx.query<ProposalRow>(
        `INSERT INTO record_proposal (proposal_id, batch_id, seq, client_id, base_version, payload, sha256, key_id, author_kind,
                                      author_id, at, reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING *`,
        [
          ...[proposalId, batchId, seq, clientId, baseVersion, payload, sha256, dataKey.id],
          ...[author.kind, author.id, at, reason],
        ],
      );
      return open(rows[0] as ProposalRow);
    },
    async find(tx, proposalId) {
      const { rows } = await tx.query<ProposalRow>('SELECT * FROM record_proposal WHERE proposal_id = $1', [
        proposalId,
      ]);
      return rows[0] && open(rows[0]);
    },
    async lock(tx, proposalId) {
      const sql = 'SELECT * FROM record_proposal WHERE proposal_id = $1 FOR UPDATE';
      const { rows } = await tx.query<ProposalRow>(sql, [proposalId]);
      return rows[0] && open(rows[0]);
    },
    async list(tx, { status, batchId, seq, authorId, after, limit }) {
      const { rows } = await tx.query<ProposalRow>(
        `SELECT * FROM record_proposal
          WHERE ($1::text IS NULL OR status = $1) AND ($2::uuid IS NULL OR batch_id = $2) AND ($3::integer IS NULL OR seq = $3)
            AND ($4::text IS NULL OR author_id = $4)
            AND ($5::timestamptz IS NULL OR (at, proposal_id) < ($5, $6::uuid))
          ORDER BY at DESC, proposal_id DESC LIMIT $7`,
        [
          ...[status ?? null, batchId ?? null, seq ?? null, authorId ?? null],
          ...[after?.at ?? null, after?.proposalId ?? null, limit],
        ],
      );
      return Promise.all(rows.map(open));
    },
    async decide(tx, proposal, given) {
      const decision: Decision = { ...given, at: new Date() };
      const { decider, version, reason, status, at } = decision;
      const found = await tx.query<{ key_id: number }>(
        "SELECT key_id FROM record_proposal WHERE proposal_id = $1 AND status = 'open'",
        [proposal.proposalId],
      );
      const [row] = found.rows;
      if (row === undefined) throw new RejectedError('proposal-decided');
      const dataKey = await keyRing.get(row.key_id);
      const outcome = versionDigest('decision', dataKey, placeOf(proposal), decided(decision));
      // Of two who decide at once the second waits here, and finds it done.
      const { rowCount } = await tx.query(
        `UPDATE record_proposal
            SET status = $2, decider_kind = $3, decider_id = $4, decided_at = $5, decision_reason = $6, version = $7,
                outcome_sha256 = $8
          WHERE proposal_id = $1 AND status = 'open'`,
        [proposal.proposalId, status, decider.kind, decider.id, at, reason, version, outcome],
      );
      if (rowCount !== 1) throw new RejectedError('proposal-decided');
      return { ...proposal, status, decision };
    },
  };
}

/**
 * A proposal's row under another data key, everything else as it was.
 *
 * @throws {IntegrityError} `record-tampered` when it isn't as it was written
 */
export function resealProposal(row: ProposalRow, from: DataKey, to: DataKey) {
  const proposal = openProposal(row, from);
  const { entry, author, at, reason, decision } = proposal;
  const place = placeOf(proposal);
  return {
    payload: sealVersion('proposal', to, place, entry),
    sha256: versionDigest('proposal', to, place, proposed(entry, author, at, reason)),
    outcomeSha256: decision ? versionDigest('decision', to, place, decided(decision)) : null,
  };
}

function openProposal(row: ProposalRow, dataKey: DataKey): StoredProposal {
  const decision = decisionOf(row);
  const proposal = {
    proposalId: row.proposal_id,
    batchId: row.batch_id,
    clientId: row.client_id,
    seq: row.seq,
    baseVersion: row.base_version,
    author: { kind: row.author_kind as Actor['kind'], id: row.author_id },
    at: row.at,
    reason: row.reason,
    status: row.status as ProposalStatus,
    decision,
  };
  const place = placeOf(proposal);
  const entry = openVersion('proposal', dataKey, place, row.payload);
  if (entry === undefined) throw tampered(row.batch_id, row.seq);
  const said = proposed(entry, proposal.author, row.at, row.reason);
  const isProposed = constantTimeEqual(row.sha256, versionDigest('proposal', dataKey, place, said));
  const isDecided =
    decision === undefined
      ? row.status === 'open' && row.outcome_sha256 === null
      : row.outcome_sha256 !== null &&
        constantTimeEqual(row.outcome_sha256, versionDigest('decision', dataKey, place, decided(decision)));
  if (!isProposed || !isDecided) throw tampered(row.batch_id, row.seq);
  return { ...proposal, entry };
}

function decisionOf(row: ProposalRow): Decision | undefined {
  const { status, decider_kind: kind, decider_id: id, decided_at: at, decision_reason: reason, version } = row;
  if ((status !== 'approved' && status !== 'rejected') || kind === null || id === null || at === null) return undefined;
  return { status, decider: { kind: kind as Actor['kind'], id }, at, reason, version };
}

function placeOf(
  proposal: Pick<StoredProposal, 'batchId' | 'clientId' | 'seq' | 'baseVersion' | 'proposalId'>,
): VersionPlace {
  const { batchId, clientId, seq, baseVersion: version, proposalId } = proposal;
  return { batchId, clientId, seq, version, proposalId };
}

function proposed(entry: string, author: Actor, at: Date, reason: string) {
  return [entry, author.kind, author.id, at.toISOString(), reason];
}

function decided({ status, decider, at, reason, version }: Decision) {
  return [status, decider.kind, decider.id, at.toISOString(), reason, version];
}
