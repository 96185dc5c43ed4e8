import {
  type Actor,
  batchIdSchema,
  type ProposalList,
  proposalApprovalSchema,
  proposalRejectionSchema,
  proposalStatusSchema,
  recordIdSchema,
} from '@sdp/shared/contracts';
import { RejectedError } from '@sdp/shared/errors';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import type { RecordAudit } from '../../audit/index.ts';
import { checkMetadata, type RecordLimits, readRecordEdit, readSmallJson } from '../../batches/index.ts';
import type { PoolClient } from '../../database/index.ts';
import { named, principalOf } from '../../http/index.ts';
import type { Guard } from '../../identity/index.ts';
import type { ProposalStore, StoredProposal, VersionStore } from '../../records/index.ts';
import { actorOf } from '../actor.ts';
import { readJsonRequest } from '../json-request.ts';
import { type Jobs, type OpenedJob, parseRecordId } from '../opened-job.ts';
import { decodePage, encodePage } from '../page-cursor.ts';
import { parsed } from '../parsed.ts';
import { presentProposal } from '../present.ts';
import { assertMatches } from '../records/if-match.ts';

export interface ProposalRoutesOptions {
  readonly jobs: Jobs;
  readonly versions: VersionStore;
  readonly proposals: ProposalStore;
  readonly recordAudit: RecordAudit;
  readonly limits: RecordLimits;
  readonly guard: Guard;
}

export const proposalListQuerySchema = z.strictObject({
  status: proposalStatusSchema.optional(),
  job_id: batchIdSchema.optional(),
  record_id: recordIdSchema.optional(),
  proposed_by: z
    .string()
    .regex(/^[A-Za-z0-9._:@+-]{1,200}$/)
    .optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(200).optional(),
});

/** Proposals: what one makes, somebody else decides on. */
export function proposalRoutes(options: ProposalRoutesOptions): Router {
  const { jobs, proposals, guard } = options;
  const router = Router();

  const make = '/api/v1/records/:recordId/proposals';
  router.post(make, named(make), ...guard('records:propose'), (request, response) =>
    propose(options, request, response),
  );

  const list = '/api/v1/proposals';
  router.get(list, named(list), ...guard('proposals:read'), async (request, response) => {
    const query = parsed(proposalListQuerySchema, request.query);
    const position = query.cursor === undefined ? undefined : decodePage(query.cursor);
    const place = query.record_id === undefined ? undefined : parseRecordId(query.record_id);
    const answer = await jobs.reading(principalOf(response), async (tx): Promise<ProposalList> => {
      const found = await proposals.list(tx, {
        status: query.status,
        batchId: place?.jobId ?? query.job_id,
        seq: place?.seq,
        authorId: query.proposed_by,
        after: position && { at: position.at, proposalId: position.id },
        limit: query.limit + 1,
      });
      const page = found.slice(0, query.limit);
      const last = page.at(-1);
      const opened = new Map<string, OpenedJob>();
      for (const { batchId } of page) {
        if (!opened.has(batchId)) opened.set(batchId, await jobs.open(tx, batchId));
      }
      return {
        proposals: page.map((each) => presentProposal((opened.get(each.batchId) as OpenedJob).batch, each)),
        next_cursor: found.length > page.length && last ? encodePage({ at: last.at, id: last.proposalId }) : null,
      };
    });
    response.json(answer);
  });

  const one = '/api/v1/proposals/:proposalId';
  router.get(one, named(one), ...guard('proposals:read'), async (request, response) => {
    const answer = await jobs.reading(principalOf(response), async (tx) => {
      const proposal = await found(request, (id) => proposals.find(tx, id));
      return presentProposal((await jobs.open(tx, proposal.batchId)).batch, proposal);
    });
    response.json(answer);
  });

  const approve = `${one}/approve`;
  router.post(approve, named(approve), ...guard('proposals:decide'), async (request, response) => {
    const { reason } = await readReason(request, proposalApprovalSchema);
    await decide(options, request, response, (tx, job, proposal) =>
      approveProposal(options, tx, job, proposal, actorOf(principalOf(response)), reason ?? null),
    );
  });

  const reject = `${one}/reject`;
  router.post(reject, named(reject), ...guard('proposals:decide'), async (request, response) => {
    const { reason } = await readReason(request, proposalRejectionSchema);
    const decider = actorOf(principalOf(response));
    await decide(options, request, response, (tx, _job, proposal) =>
      proposals.decide(tx, proposal, { status: 'rejected', decider, reason, version: null }),
    );
  });
  return router;
}

async function propose(options: ProposalRoutesOptions, request: Request, response: Response): Promise<void> {
  const { jobs, versions, proposals, recordAudit, limits } = options;
  const principal = principalOf(response);
  const place = parseRecordId(request.params['recordId']);
  const body = readJsonRequest(request);
  const job = await jobs.reading(principal, (tx) => jobs.openAt(tx, place));
  const ifMatch = request.get('if-match');
  if (ifMatch === undefined) assertMatches(ifMatch, 0);
  const { entry, cells, reason } = await readRecordEdit(body, job.batch, limits);
  // As strict as approval will be: a cell that can't be indexed is better refused to the one who wrote it.
  job.index.keysOf(cells, place.seq);
  const author = actorOf(principal);
  const made = await jobs.writing(principal, async (tx) => {
    const { batch, recorded } = await jobs.openAt(tx, place);
    const [present] = await versions.current(tx, recorded, [place.seq]);
    const baseVersion = present?.version ?? 0;
    assertMatches(ifMatch, baseVersion);
    const { batchId, clientId } = batch;
    const proposal = await proposals.insert(tx, {
      batchId,
      clientId,
      seq: place.seq,
      baseVersion,
      entry,
      author,
      reason,
    });
    await recordAudit(tx, {
      actor: author,
      action: 'proposal.made',
      subject: proposal.proposalId,
      clientId,
      detail: { record_id: `${batchId}.${place.seq}`, base_version: baseVersion },
    });
    return presentProposal(batch, proposal);
  });
  response.status(201).location(`/api/v1/proposals/${made.proposal_id}`).json(made);
}

async function decide(
  options: ProposalRoutesOptions,
  request: Request,
  response: Response,
  settle: (tx: PoolClient, job: OpenedJob, proposal: StoredProposal) => Promise<StoredProposal>,
): Promise<void> {
  const { jobs, proposals, recordAudit } = options;
  const principal = principalOf(response);
  const answer = await jobs.writing(principal, async (tx) => {
    const proposal = await found(request, (id) => proposals.lock(tx, id));
    const { author, status, batchId, seq } = proposal;
    if (author.kind === principal.kind && author.id === principal.id) throw new RejectedError('proposal-own');
    if (status !== 'open') throw new RejectedError('proposal-decided');
    const job = await jobs.openAt(tx, { jobId: batchId, seq });
    const decided = await settle(tx, job, proposal);
    await recordAudit(tx, {
      actor: actorOf(principal),
      action: decided.status === 'approved' ? 'proposal.approved' : 'proposal.rejected',
      subject: proposal.proposalId,
      clientId: proposal.clientId,
      detail: { record_id: `${batchId}.${seq}`, version: decided.decision?.version ?? null },
    });
    return presentProposal(job.batch, decided);
  });
  response.json(answer);
}

async function approveProposal(
  { versions, proposals, recordAudit }: ProposalRoutesOptions,
  tx: PoolClient,
  { recorded, index }: OpenedJob,
  proposal: StoredProposal,
  decider: Actor,
  reason: string | null,
): Promise<StoredProposal> {
  const { seq, baseVersion: base, entry, author, proposalId } = proposal;
  try {
    const edit = { base, entry, author, reason: proposal.reason, proposalId };
    const { version } = await versions.add(tx, recorded, index, seq, edit);
    await recordAudit(tx, {
      actor: decider,
      action: 'record.edited',
      subject: `${proposal.batchId}.${seq}`,
      clientId: proposal.clientId,
      detail: { version, proposal_id: proposalId },
    });
    return await proposals.decide(tx, proposal, { status: 'approved', decider, reason, version });
  } catch (error) {
    if (error instanceof RejectedError && error.code === 'version-outdated')
      throw new RejectedError('proposal-outdated');
    throw error;
  }
}

/** @throws {RejectedError} `not-found` */
async function found(
  request: Request,
  find: (proposalId: string) => Promise<StoredProposal | undefined>,
): Promise<StoredProposal> {
  const id = z.uuid().safeParse(request.params['proposalId']);
  const proposal = id.success ? await find(id.data) : undefined;
  if (proposal === undefined) throw new RejectedError('not-found');
  return proposal;
}

async function readReason<T extends z.ZodType>(request: Request, schema: T): Promise<z.infer<T>> {
  const given = parsed(schema, await readSmallJson(readJsonRequest(request)));
  checkMetadata({ reason: (given as { reason?: string }).reason });
  return given;
}
