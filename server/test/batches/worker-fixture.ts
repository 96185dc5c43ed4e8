import { randomUUID } from 'node:crypto';
import type { AnomalyResult, BatchId } from '@sdp/shared/contracts';
import { type MasterKey, parseMasterKey } from '@sdp/shared/crypto';
import {
  batchTopic,
  deriveMessageKeys,
  KeyRing,
  MessageSealer,
  SecurityManager,
  type Sending,
} from '@sdp/shared/messaging';
import {
  type BatchProcessor,
  type BatchStore,
  batchReceivedContract,
  createBatchStore,
} from '../../src/batches/index.ts';
import { enqueue } from '../../src/bus/index.ts';
import { createPool, type Pool, withTransaction } from '../../src/database/index.ts';
import {
  type BatchRoots,
  createBatchRoots,
  type DataKeyRing,
  openDataKeyRing,
  openRecordWriter,
} from '../../src/records/index.ts';

/** Steps between which a worker can die. */
export const steps = [
  'message taken',
  'batch loaded',
  'marked as processing',
  'first results written',
  'all results written',
  'marked as processed',
  'offset settled',
  'committed',
] as const;
export type Step = (typeof steps)[number];
export type Reached = (step: Step) => void;

export const processingType = 'anomaly_detection';
export const topic = batchTopic(processingType);
export const recordCount = 700;

export interface Storage {
  readonly pool: Pool;
  readonly keyRing: DataKeyRing;
  readonly store: BatchStore;
  readonly roots: BatchRoots;
  /** Keys of secured messages. */
  readonly security: SecurityManager;
}

export async function openStorage(dsn: string, masterKeyText: string): Promise<Storage> {
  const pool = createPool({ dsn, applicationName: 'sdp-test-batches' });
  const masterKey: MasterKey = parseMasterKey(masterKeyText);
  const keyRing = await openDataKeyRing(pool, masterKey);
  const security = new SecurityManager({
    keys: new KeyRing(deriveMessageKeys(masterKey, { party: 'sdp-server', generation: 1 })),
  });
  return { pool, keyRing, store: createBatchStore(pool, keyRing), roots: createBatchRoots(masterKey), security };
}

/** Stores a batch as the API does, its message in the outbox. */
export async function receiveBatch(
  { pool, keyRing, store, security }: Storage,
  options: {
    readonly clientId?: string;
    readonly message?: Record<string, unknown>;
    readonly tenant?: string;
    readonly value?: Uint8Array;
  } = {},
): Promise<BatchId> {
  const batchId = randomUUID() as BatchId;
  const clientId = options.clientId ?? 'acme';
  const dataKey = await keyRing.active();
  const receivedAt = new Date();
  await withTransaction(pool, async (tx) => {
    const writer = await openRecordWriter(tx, { batchId, clientId, dataKey });
    for (let seq = 1; seq <= recordCount; seq++) await writer.write([`tok_${seq}`, seq]);
    await writer.finish();
    const columns = ['token', 'amount'];
    const rest = { keyIndex: 0, params: {}, declaration: null, declaredSafe: [], index: {}, receivedAt };
    const author = { kind: 'key', id: 'test' } as const;
    await store.insert(tx, dataKey, { batchId, clientId, processingType, recordCount, columns, author, ...rest });
    const eventId = randomUUID();
    const payload = {
      type: 'batch.received',
      version: 1,
      event_id: eventId,
      batch_id: batchId,
      client_id: clientId,
      processing_type: processingType,
      record_count: recordCount,
      received_at: receivedAt.toISOString(),
      ...options.message,
    };
    const sealer = new MessageSealer({ security });
    const sending = { key: batchId, contract: batchReceivedContract, payload, eventId };
    const [message] = await sealer.seal([
      sealer.prepare(topic, { ...sending, tenant: options.tenant ?? clientId } as Sending),
    ]);
    if (message === undefined) throw new Error('nothing was sealed');
    await enqueue(tx, topic, { ...message, ...(options.value && { value: options.value }) });
  });
  return batchId;
}

/** Scores each record by its number; tells when it has come how far. */
export function countingProcessor(reached: Reached = () => undefined): BatchProcessor<typeof processingType> {
  return {
    processingType,
    role: 'anomaly',
    async process(input, emit) {
      for await (const { firstSeq, rows } of input.readRecords()) {
        const results = rows.map(
          (row, i): AnomalyResult => ({
            seq: firstSeq + i,
            key: row[0] ?? null,
            status: 'scored',
            score: 0.5,
            is_anomaly: false,
            columns: [],
          }),
        );
        for (let from = 0; from < results.length; from += 100) {
          await emit(results.slice(from, from + 100));
          if (from === 200) reached('first results written');
        }
      }
      reached('all results written');
      return { modelVersion: 'counting-1', counts: { scored: input.recordCount } };
    },
  };
}
