import { createHash, type Hash, randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import {
  type Actor,
  type BatchId,
  type BatchMetadata,
  batchIdSchema,
  type ProcessResponse,
} from '@sdp/shared/contracts';
import type { MasterKey } from '@sdp/shared/crypto';
import { InputError, RejectedError, UnavailableError } from '@sdp/shared/errors';
import type { RecordAudit } from '../../audit/index.ts';
import { inTenants, type Pool, type PoolClient, sqlStateOf, withTransaction } from '../../database/index.ts';
import {
  type BatchRoots,
  createBatchRoots,
  createColumnIndex,
  type DataKey,
  type DataKeyRing,
  openRecordWriter,
} from '../../records/index.ts';
import type { AnnounceBatch } from '../batch-announcer.ts';
import type { BatchStore } from '../batch-store.ts';
import type { ContentEncoding } from './decompress.ts';
import { checkMetadata, Firewall } from './firewall.ts';
import { ColumnDictionary, type RecordLimits } from './record-sink.ts';
import { type OpenedBody, openBody, type UploadFormat } from './upload-body.ts';
import { claimUploadKey, settleUploadKey, type UploadKey, uploadDigest } from './upload-key.ts';

/** One upload, authenticated, with its body still to be read. */
export interface Upload {
  readonly clientId: string;
  /** Who sends it. */
  readonly author: Actor;
  /** The API key's policy. */
  readonly allowDeclaredSafe: boolean;
  readonly format: UploadFormat;
  readonly encoding: ContentEncoding;
  readonly stream: Readable;
  /** What came beside the body. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly idempotencyKey?: string | undefined;
}

export interface IngestLimits extends RecordLimits {
  readonly maxBodyBytes: number;
  readonly maxJsonBodyBytes: number;
  readonly maxUploads: number;
}

export interface IngestDependencies {
  readonly pool: Pool;
  readonly keyRing: DataKeyRing;
  readonly serverKey: MasterKey;
  readonly store: BatchStore;
  readonly limits: IngestLimits;
  readonly announce: AnnounceBatch;
  readonly recordAudit: RecordAudit;
  /** Called after the commit. */
  readonly wakeRelay: () => void;
  /** @throws {UnavailableError} `server-busy` when what is stored waits too long for the bus */
  readonly checkBacklog: () => Promise<void>;
}

export interface Ingested {
  readonly response: ProcessResponse;
  /** An earlier upload with this idempotency key had the same content; nothing was stored. */
  readonly isReplay: boolean;
}

/**
 * Takes an upload: batch, records and the message to its worker are stored in one transaction, or nothing is.
 *
 * @throws {InputError} the content is wrong, `raw-pii-found` above all
 * @throws {RejectedError} `not-found` (another client's id), `idempotency-conflict`, `payload-too-large`
 * @throws {UnavailableError} `server-busy`, `database-unavailable`
 */
export type Ingest = (upload: Upload) => Promise<Ingested>;

const busyRetrySeconds = 5;

export function createIngest(dependencies: IngestDependencies): Ingest {
  const { limits } = dependencies;
  const parts = { ...dependencies, roots: createBatchRoots(dependencies.serverKey) };
  let uploads = 0;
  return async (upload) => {
    await dependencies.checkBacklog();
    if (uploads >= limits.maxUploads) throw busy('The server is taking as many uploads as it can');
    uploads++;
    try {
      return await ingest(upload, parts);
    } catch (error) {
      if (error instanceof InputError && error.code === 'raw-pii-found') await tellRefused(error, upload, dependencies);
      if (sqlStateOf(error) === lockNotAvailable) throw busy('An upload with this idempotency key is still under way');
      throw error;
    } finally {
      uploads--;
    }
  };
}

/** What the firewall refused stands in the trail: how much and of what kind, never where from or what. */
async function tellRefused(
  { details: { detector, count } }: InputError,
  { author, clientId }: Upload,
  { pool, recordAudit }: IngestDependencies,
): Promise<void> {
  const detail = { detector, columns: count };
  await recordAudit(pool, { actor: author, action: 'upload.refused', subject: clientId, clientId, detail });
}

interface IngestParts extends IngestDependencies {
  readonly roots: BatchRoots;
}

async function ingest(upload: Upload, dependencies: IngestParts): Promise<Ingested> {
  const { pool, limits, keyRing, wakeRelay } = dependencies;
  const hash = upload.idempotencyKey === undefined ? undefined : createHash('sha256');
  const body = await openBody(
    {
      format: upload.format,
      encoding: upload.encoding,
      stream: upload.stream,
      maxBytes: limits.maxBodyBytes,
      maxJsonBytes: limits.maxJsonBodyBytes,
      onBytes: (chunk) => hash?.update(chunk),
    },
    upload.metadata,
  );
  const { metadata } = body;
  if (metadata.client_id !== undefined && metadata.client_id !== upload.clientId) throw new RejectedError('not-found');
  checkMetadata({ params: metadata.params, declaration: metadata.declaration, key_column: metadata.key_column });
  const dataKey = await keyRing.active();
  const result = await withTransaction(pool, (tx) => storeOrReplay(tx, upload, body, dataKey, hash, dependencies));
  if (!result.isReplay) wakeRelay();
  return result;
}

/** 55P03: another upload holds the row of the same idempotency key. */
const lockNotAvailable = '55P03';
const lockTimeoutMs = 30_000;

async function storeOrReplay(
  tx: PoolClient,
  upload: Upload,
  body: OpenedBody,
  dataKey: DataKey,
  hash: Hash | undefined,
  dependencies: IngestParts,
): Promise<Ingested> {
  // The COPY lasts as long as the sender takes; the HTTP server bounds that.
  await tx.query(`SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = ${lockTimeoutMs}`);
  const batchId = batchIdSchema.parse(randomUUID());
  const key: UploadKey | undefined =
    upload.idempotencyKey === undefined ? undefined : { clientId: upload.clientId, key: upload.idempotencyKey };
  const own = [upload.clientId];
  const earlier = key && (await inTenants(tx, own, () => claimUploadKey(tx, key, batchId)));
  const digest = () =>
    hash ? uploadDigest(dependencies.serverKey, upload.format, body.metadata, hash.digest()) : undefined;
  if (earlier) {
    await body.skip();
    if (!earlier.matches(digest())) throw new RejectedError('idempotency-conflict');
    return replay(earlier.batchId, upload.clientId, dependencies.store);
  }
  const recordCount = await storeRecords(tx, upload, body, { batchId, dataKey }, dependencies);
  if (key) await inTenants(tx, own, () => settleUploadKey(tx, key, digest()));
  return { response: { batch_id: batchId, accepted_records: recordCount, status: 'RECEIVED' }, isReplay: false };
}

async function replay(batchId: string, clientId: string, store: BatchStore): Promise<Ingested> {
  const batch = await store.find(batchId, clientId);
  if (!batch) throw new RejectedError('idempotency-conflict');
  return {
    response: { batch_id: batch.batchId, accepted_records: batch.recordCount, status: 'RECEIVED' },
    isReplay: true,
  };
}

async function storeRecords(
  tx: PoolClient,
  { clientId, author, allowDeclaredSafe }: Upload,
  { metadata, readRecords }: OpenedBody,
  { batchId, dataKey }: { readonly batchId: BatchId; readonly dataKey: DataKey },
  { limits, store, announce, recordAudit, roots, serverKey }: IngestParts,
): Promise<number> {
  const columns = new ColumnDictionary(limits.maxColumns);
  const firewall = new Firewall(columns);
  const declared = metadata.index ?? {};
  const index = createColumnIndex(serverKey, batchId, declared, (name) => columns.indexOf(name));
  const writer = await openRecordWriter(tx, { batchId, clientId, dataKey }, index);
  let recordCount: number;
  let declaredSafe: string[];
  try {
    await readRecords(columns, limits, (record) => {
      firewall.check(record);
      return writer.writeEncoded(record.entry);
    });
    declaredSafe = firewall.verdict(metadata.declaration, allowDeclaredSafe);
    recordCount = await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  }
  if (recordCount === 0) throw new InputError('request-invalid', { message: 'There are no records' });
  if (index.columns.some(({ name }) => columns.indexOf(name) === undefined)) {
    throw new InputError('csv-column-unknown', { message: 'A column declared as searchable is not among the columns' });
  }
  const received = {
    batchId,
    clientId,
    processingType: metadata.processing_type,
    recordCount,
    receivedAt: new Date(),
  };
  const batch = {
    ...received,
    columns: columns.names,
    keyIndex: keyIndexOf(columns, metadata),
    params: metadata.params,
    declaration: metadata.declaration ?? null,
    declaredSafe,
    index: declared,
    author,
  };
  await inTenants(tx, [clientId], async () => {
    await store.insert(tx, dataKey, batch);
    // The root stands in the ledger too: a batch that is taken away as a whole, root and all, is missed there.
    const detail = {
      root: writer.root().toString('hex'),
      records: recordCount,
      processing_type: metadata.processing_type,
    };
    await recordAudit(tx, { actor: author, action: 'job.uploaded', subject: batchId, clientId, detail });
  });
  await roots.put(tx, { batchId, kind: 'record', keyId: dataKey.id, entries: recordCount, root: writer.root() });
  await announce(tx, received);
  return recordCount;
}

function keyIndexOf(columns: ColumnDictionary, { key_column: name }: BatchMetadata): number {
  const index = name === undefined ? 0 : columns.indexOf(name);
  if (index !== undefined) return index;
  throw new InputError('csv-column-unknown', { message: 'The key column is not among the columns' });
}

function busy(message: string): UnavailableError {
  return new UnavailableError('server-busy', { message, details: { retryAfterSeconds: busyRetrySeconds } });
}
