import { z } from 'zod';
import { batchIdSchema, cellSchema, clientIdSchema } from './batch.ts';
import { columnNameSchema } from './column-name.ts';

/** `{batch_id}.{seq}`: which job, and which record of it, counted from 1. */
export const recordIdSchema = z
  .string()
  .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.[1-9][0-9]{0,9}$/, 'a job id, a point and a number')
  .meta({ id: 'RecordId' });

/** Cells by column; a column that the record doesn't have is left out. */
export const recordValuesSchema = z.record(columnNameSchema, cellSchema).meta({ id: 'RecordValues' });

/** Who did something: a user, or a program by its key. */
export const actorSchema = z
  .strictObject({ kind: z.enum(['user', 'key']), id: z.string().max(200) })
  .meta({ id: 'Actor' });
export type Actor = z.infer<typeof actorSchema>;

/** Why something was done; for people, and looked through for personal data. */
export const editReasonSchema = z
  .string()
  .trim()
  .min(1)
  .max(500)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused; PostgreSQL can't keep a NUL
  .regex(/^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*$/, 'text without control characters')
  .meta({ id: 'EditReason' });

/** A record at one of its versions. Version 1 is what was uploaded. */
export const recordSchema = z
  .strictObject({
    record_id: recordIdSchema,
    job_id: batchIdSchema,
    seq: z.int().min(1),
    version: z.int().min(1),
    values: recordValuesSchema,
    /** Null where an upload is from before authors were kept. */
    author: actorSchema.nullable(),
    at: z.iso.datetime(),
    /** Null for version 1. */
    reason: z.string().max(500).nullable(),
    /** The proposal that was approved, where there was one. */
    proposal_id: z.uuid().nullable(),
  })
  .meta({ id: 'Record' });
export type RecordVersion = z.infer<typeof recordSchema>;

/** `GET /api/v1/jobs/{job_id}/records`. */
export const recordListSchema = z
  .strictObject({ records: z.array(recordSchema), next_cursor: z.string().max(3_000).nullable() })
  .meta({ id: 'RecordList' });
export type RecordList = z.infer<typeof recordListSchema>;

/** `GET /api/v1/records/{record_id}/history`: newest first. */
export const recordHistorySchema = z
  .strictObject({ versions: z.array(recordSchema), next_cursor: z.string().max(200).nullable() })
  .meta({ id: 'RecordHistory' });
export type RecordHistory = z.infer<typeof recordHistorySchema>;

/** `PUT /api/v1/records/{record_id}` and a proposal: all of the record's cells, and why. */
export const recordEditSchema = z
  .strictObject({ values: recordValuesSchema, reason: editReasonSchema })
  .meta({ id: 'RecordEdit' });
export type RecordEdit = z.infer<typeof recordEditSchema>;

export const proposalStatuses = ['open', 'approved', 'rejected'] as const;
export const proposalStatusSchema = z.enum(proposalStatuses).meta({ id: 'ProposalStatus' });
export type ProposalStatus = z.infer<typeof proposalStatusSchema>;

/** A new version that somebody proposed and somebody else decides on. */
export const proposalSchema = z
  .strictObject({
    proposal_id: z.uuid(),
    record_id: recordIdSchema,
    job_id: batchIdSchema,
    client_id: clientIdSchema,
    /** The version that the proposer saw. It can be approved as long as there is no later one. */
    base_version: z.int().min(1),
    values: recordValuesSchema,
    reason: z.string().max(500),
    status: proposalStatusSchema,
    proposed_by: actorSchema,
    proposed_at: z.iso.datetime(),
    decided_by: actorSchema.nullable(),
    decided_at: z.iso.datetime().nullable(),
    decision_reason: z.string().max(500).nullable(),
    /** The version that approval made. */
    version: z.int().min(2).nullable(),
  })
  .meta({ id: 'Proposal' });
export type Proposal = z.infer<typeof proposalSchema>;

export const proposalListSchema = z
  .strictObject({ proposals: z.array(proposalSchema), next_cursor: z.string().max(200).nullable() })
  .meta({ id: 'ProposalList' });
export type ProposalList = z.infer<typeof proposalListSchema>;

/** `POST /api/v1/proposals/{proposal_id}/approve`. */
export const proposalApprovalSchema = z
  .strictObject({ reason: editReasonSchema.optional() })
  .meta({ id: 'ProposalApproval' });

/** `POST /api/v1/proposals/{proposal_id}/reject`: the proposer is told why. */
export const proposalRejectionSchema = z.strictObject({ reason: editReasonSchema }).meta({ id: 'ProposalRejection' });
