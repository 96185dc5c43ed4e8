import type { KeyObject } from 'node:crypto';
import { batchIdSchema, recordIdSchema } from '@sdp/shared/contracts';
import { RejectedError } from '@sdp/shared/errors';
import type { StoredBatch } from '../batches/index.ts';
import { type Pool, type PoolClient, withTenants } from '../database/index.ts';
import type { Principal } from '../identity/index.ts';
import { type ColumnIndex, createColumnIndex, type DataKeyRing, type RecordedBatch } from '../records/index.ts';
import { createJobStore, type JobStore } from './job-store.ts';

/** A job, and what it takes to read and change its records. */
export interface OpenedJob {
  readonly batch: StoredBatch;
  readonly recorded: RecordedBatch;
  readonly index: ColumnIndex;
}

/** A record's place in a job. */
export interface RecordPlace {
  readonly jobId: string;
  readonly seq: number;
}

/** Opens jobs and runs what is done on them, each within what its caller may see. */
export interface Jobs {
  readonly store: JobStore;
  /** One transaction in which everything that is read is of one moment. */
  reading<T>(principal: Principal, work: (tx: PoolClient) => Promise<T>): Promise<T>;
  writing<T>(principal: Principal, work: (tx: PoolClient) => Promise<T>): Promise<T>;
  /** @throws {RejectedError} `not-found` */
  open(tx: PoolClient, jobId: string): Promise<OpenedJob>;
  /** The job of a record, which has to have it. @throws {RejectedError} `not-found` */
  openAt(tx: PoolClient, place: RecordPlace): Promise<OpenedJob>;
}

export function createJobs(pool: Pool, keyRing: DataKeyRing, serverKey: KeyObject): Jobs {
  const store = createJobStore(keyRing);
  const open = async (tx: PoolClient, jobId: string): Promise<OpenedJob> => {
    const batch = await store.find(tx, jobId);
    if (batch === undefined) throw new RejectedError('not-found');
    const { batchId, clientId, recordCount, columns } = batch;
    const cellNos = new Map(columns.map((name, i) => [name, i]));
    return {
      batch,
      recorded: { batchId, clientId, recordCount, dataKey: await keyRing.get(batch.keyId) },
      index: createColumnIndex(serverKey, batchId, batch.index, (name) => cellNos.get(name)),
    };
  };
  return {
    store,
    reading: ({ tenants }, work) =>
      withTenants(pool, tenants, async (tx) => {
        await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY');
        return work(tx);
      }),
    writing: ({ tenants }, work) => withTenants(pool, tenants, work),
    open,
    async openAt(tx, { jobId, seq }) {
      const job = await open(tx, jobId);
      if (seq > job.batch.recordCount) throw new RejectedError('not-found');
      return job;
    },
  };
}

/** @throws {RejectedError} `not-found`: what isn't an id names no job */
export function parseJobId(text: unknown): string {
  const parsed = batchIdSchema.safeParse(text);
  if (!parsed.success) throw new RejectedError('not-found');
  return parsed.data;
}

/** @throws {RejectedError} `not-found`: what isn't an id names no record */
export function parseRecordId(text: unknown): RecordPlace {
  const parsed = recordIdSchema.safeParse(text);
  const [jobId, seq] = parsed.success ? parsed.data.split('.') : [];
  if (jobId === undefined || Number(seq) > 2 ** 31 - 1) throw new RejectedError('not-found');
  return { jobId: parseJobId(jobId), seq: Number(seq) };
}
