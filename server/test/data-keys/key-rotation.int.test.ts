import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BatchId, Event } from '@sdp/shared/contracts';
import { generateMasterKeyText, parseMasterKey } from '@sdp/shared/crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { createRecordAudit } from '../../src/audit/index.ts';
import { type BatchStore, createBatchStore } from '../../src/batches/index.ts';
import { keyUsage, reencrypt } from '../../src/data-keys/index.ts';
import { createPool, type Pool, withTransaction } from '../../src/database/index.ts';
import { forgetEvents } from '../../src/events/index.ts';
import { sealBlock } from '../../src/events/store/event-block.ts';
import { takeOver } from '../../src/events/store/partition-owner.ts';
import { readEvents } from '../../src/events/store/read-events.ts';
import { writeEvents } from '../../src/events/store/write-events.ts';
import {
  type BatchRoots,
  createBatchRoots,
  createProposalStore,
  createVersionStore,
  type DataKey,
  type DataKeyRing,
  encodeRecord,
  openDataKeyRing,
  openRecordWriter,
  openResultWriter,
  readRecords,
  readResults,
  rotateDataKey,
} from '../../src/records/index.ts';
import { createSnapshotStore } from '../../src/transactions/state/snapshot-store.ts';

const masterKey = generateMasterKeyText();
const serverKey = parseMasterKey(masterKey);
const recordAudit = createRecordAudit(serverKey);
const actor = { kind: 'operator', id: 'test' } as const;
const author = { kind: 'user', id: 'ada' } as const;
const noIndex = { columns: [] } as never;
let database: TestDatabase;
let pool: Pool;
let keyRing: DataKeyRing;
let store: BatchStore;
let roots: BatchRoots;

beforeEach(async () => {
  database = await startTestDatabase();
  pool = createPool({ dsn: database.dsn, applicationName: 'test' });
  keyRing = await openDataKeyRing(pool, serverKey);
  store = createBatchStore(pool, keyRing);
  roots = createBatchRoots(serverKey);
});
afterEach(async () => {
  await pool.end();
  await database.stop();
});

const round = (graceMs = 0) => reencrypt({ pool, keyRing, roots, recordAudit, actor, graceMs });
const rotate = () => withTransaction(pool, (tx) => rotateDataKey(tx, serverKey));

/** A batch as API and worker store it. */
async function storeBatch(recordCount: number, isProcessed = true): Promise<BatchId> {
  const batchId = randomUUID() as BatchId;
  const dataKey = await keyRing.active();
  const scope = { batchId, clientId: 'acme', dataKey };
  await withTransaction(pool, async (tx) => {
    const writer = await openRecordWriter(tx, scope);
    for (let seq = 1; seq <= recordCount; seq++) await writer.write([`tok_${seq}`, seq]);
    await writer.finish();
    await store.insert(tx, dataKey, {
      ...{ batchId, clientId: 'acme', processingType: 'anomaly_detection', recordCount, columns: ['token', 'amount'] },
      ...{ keyIndex: 0, params: {}, declaration: null, declaredSafe: [], index: {}, author, receivedAt: new Date() },
    });
    await roots.put(tx, { batchId, kind: 'record', keyId: dataKey.id, entries: recordCount, root: writer.root() });
  });
  if (!isProcessed) return batchId;
  await withTransaction(pool, async (tx) => {
    const batch = await store.lock(tx, batchId);
    const writer = await openResultWriter(tx, scope);
    for (let seq = 1; seq <= recordCount; seq++) {
      await writer.write([{ seq, key: `tok_${seq}`, status: 'ok', anomaly_score: 0.5, is_anomaly: false } as never]);
    }
    await writer.finish();
    await roots.put(tx, { batchId, kind: 'result', keyId: dataKey.id, entries: recordCount, root: writer.root() });
    await store.markProcessed(tx, batch as never, { modelVersion: 'm', counts: { ok: recordCount } });
  });
  return batchId;
}

/** Everything of a batch, as readers get it. */
async function readBatch(batchId: string, pauseMs = 0) {
  const batch = await store.load(batchId);
  if (!batch) throw new Error('the batch is gone');
  const scope = await store.scopeOf(batch);
  const records: unknown[] = [];
  for await (const { rows } of readRecords(pool, scope, batch.recordCount)) {
    records.push(...rows);
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  const results: unknown[] = [];
  if (batch.status === 'PROCESSED') {
    for await (const page of readResults(pool, scope, batch.recordCount)) results.push(...page);
  }
  return { keyId: batch.keyId, records, results, roots: await roots.of(pool, batchId) };
}

it('gives batches, versions, proposals and snapshots the new key, and destroys the old one', async () => {
  const batchId = await storeBatch(700);
  const before = await readBatch(batchId);
  const versions = createVersionStore(keyRing);
  const proposals = createProposalStore(keyRing);
  const recorded = async () => {
    const batch = await store.load(batchId);
    return { batchId, clientId: 'acme', recordCount: 700, dataKey: await keyRing.get(batch?.keyId ?? 0) };
  };
  const entry = encodeRecord(['tok_5', 500]);
  const { proposalId } = await withTransaction(pool, async (tx) => {
    const change = { base: 1, entry, author, reason: 'wrong amount', proposalId: null };
    await versions.add(tx, await recorded(), noIndex, 5, change);
    return proposals.insert(tx, {
      batchId,
      clientId: 'acme',
      seq: 6,
      baseVersion: 1,
      entry,
      author,
      reason: 'the same',
    });
  });
  const snapshots = createSnapshotStore(pool, keyRing);
  const place = { stage: 'embed', partition: 0, format: 'f' };
  const snapshotId = await snapshots.begin(place, 1, 0n);
  await snapshots.putShard(snapshotId, place, 0, Buffer.from('state'));
  await snapshots.finish(snapshotId, place, 9n);

  const { retired, active } = await rotate();
  const [old] = await keyUsage(pool);
  expect(old).toMatchObject({ keyId: retired, state: 'retired', batches: 1, versions: 1, proposals: 1, snapshots: 1 });
  expect(await round()).toEqual({ resealed: 3, tampered: 0, destroyed: [retired] });
  expect(await keyUsage(pool)).toMatchObject([{ keyId: active, batches: 1, versions: 1, proposals: 1, snapshots: 1 }]);

  // A server that starts now has never had the old key.
  keyRing = await openDataKeyRing(pool, serverKey);
  store = createBatchStore(pool, keyRing);
  const after = await readBatch(batchId);
  expect(after).toMatchObject({ keyId: active, records: before.records, results: before.results });
  expect(after.roots).toMatchObject([
    { kind: 'record', keyId: active, isSigned: true },
    { kind: 'result', keyId: active, isSigned: true },
  ]);
  await withTransaction(pool, async (tx) => {
    const [version] = await createVersionStore(keyRing).current(tx, await recorded(), [5]);
    expect(version).toMatchObject({ version: 2, cells: ['tok_5', 500] });
    expect(await createProposalStore(keyRing).find(tx, proposalId)).toMatchObject({ status: 'open', entry });
  });
  const later = createSnapshotStore(pool, keyRing);
  const [snapshot] = await later.list(place, 9n);
  expect((await later.readShard(snapshot as never, 0))?.toString()).toBe('state');
  expect((await pool.query("SELECT action FROM audit_event WHERE action = 'data-key.destroyed'")).rowCount).toBe(1);
});

it('serves readers that are in the middle of a batch', async () => {
  const batchId = await storeBatch(6_000);
  const reading = readBatch(batchId, 30);
  await new Promise((resolve) => setTimeout(resolve, 40));
  await rotate();
  expect(await round()).toMatchObject({ resealed: 1 });
  const { records, results } = await reading;
  expect(records).toHaveLength(6_000);
  expect(results).toHaveLength(6_000);
});

it('serves whoever has read the row of a batch before, and its records after', async () => {
  const batchId = await storeBatch(200);
  const old = { batchId, clientId: 'acme', recordCount: 200, dataKey: await keyRing.active() };
  await rotate();
  expect(await round()).toMatchObject({ resealed: 1 });
  await withTransaction(pool, async (tx) => {
    const [record] = await createVersionStore(keyRing).current(tx, old, [150]);
    expect(record?.cells).toEqual(['tok_150', 150]);
  });
});

it('leaves batches that are being processed alone, and keeps their key', async () => {
  const batchId = await storeBatch(100, false);
  const { retired } = await rotate();
  expect(await round()).toEqual({ resealed: 0, tampered: 0, destroyed: [] });
  expect((await readBatch(batchId)).keyId).toBe(retired);
});

it('does not destroy a key under which a transaction is storing something', async () => {
  const dataKey = await keyRing.active();
  const batchId = randomUUID() as BatchId;
  const { retired } = await withTransaction(pool, async (slow) => {
    const writer = await openRecordWriter(slow, { batchId, clientId: 'acme', dataKey });
    await writer.write(['tok_1', 1]);
    await writer.finish();
    await store.insert(slow, dataKey, {
      ...{
        batchId,
        clientId: 'acme',
        processingType: 'anomaly_detection',
        recordCount: 1,
        columns: ['token', 'amount'],
      },
      ...{ keyIndex: 0, params: {}, declaration: null, declaredSafe: [], index: {}, author, receivedAt: new Date() },
    });
    const keys = await rotate();
    expect(await round()).toMatchObject({ destroyed: [] });
    return keys;
  });
  expect((await readBatch(batchId)).keyId).toBe(retired);
});

it('leaves what was tampered with under its key, and does the rest', async () => {
  const [bad, good] = [await storeBatch(200), await storeBatch(200)];
  await pool.query('UPDATE tokenized_record SET sha256 = sha256(sha256) WHERE batch_id = $1 AND seq = 7', [bad]);
  const { retired, active } = await rotate();
  expect(await round()).toEqual({ resealed: 1, tampered: 1, destroyed: [] });
  expect((await store.load(bad))?.keyId).toBe(retired);
  expect((await readBatch(good)).keyId).toBe(active);
});

it('goes on after a kill in the middle', async () => {
  const batches: BatchId[] = [];
  for (let i = 0; i < 6; i++) batches.push(await storeBatch(300));
  const before = await Promise.all(batches.map((each) => readBatch(each)));
  const { retired, active } = await rotate();
  const script = fileURLToPath(new URL('doomed-rotation.ts', import.meta.url));
  for (const dieAfterBatches of [1, 2]) {
    const argument = JSON.stringify({ dsn: database.dsn, masterKey, dieAfterBatches });
    const child = spawn(process.execPath, ['--conditions=sdp-source', script, argument], { stdio: 'inherit' });
    expect((await once(child, 'exit'))[1]).toBe('SIGKILL');
  }
  const [left] = await keyUsage(pool);
  expect(left).toMatchObject({ keyId: retired, batches: 3 });
  // The lock went with the connection of the one that was killed.
  await expect.poll(() => round(), { timeout: 10_000 }).toMatchObject({ destroyed: [retired] });
  for (const [i, batchId] of batches.entries()) {
    const { records, results } = before[i] as Awaited<ReturnType<typeof readBatch>>;
    expect(await readBatch(batchId)).toMatchObject({ keyId: active, records, results });
  }
});

it('stored events stay readable under their key, which lasts as long as they do', async () => {
  const first = await keyRing.active();
  const event: Event = { type: 'log', event_id: 'a', at: new Date().toISOString(), level: 'INFO', message: 'hello' };
  const place = { clientId: 'acme', type: 'log', partition: 0, receivedAt: new Date() } as const;
  const store = async (dataKey: DataKey) => {
    const block = await sealBlock({ ...place, identities: Buffer.alloc(16), events: [event] }, dataKey);
    const owned = await takeOver(pool, 'log', 0);
    await withTransaction(pool, (tx) => writeEvents(tx, [owned], [block], []));
  };
  const read = async (ring: DataKeyRing) =>
    (await readEvents(pool, ring, { clientId: 'acme', limit: 10 })).events.map(({ event_id }) => event_id);
  await store(first);
  const { retired, active } = await rotate();
  await store(await keyRing.active());
  expect(await round()).toEqual({ resealed: 0, tampered: 0, destroyed: [] });
  expect(await keyUsage(pool)).toMatchObject([
    { keyId: retired, eventBlocks: 1 },
    { keyId: active, eventBlocks: 1 },
  ]);
  // Another process, which has neither key in memory.
  expect(await read(await openDataKeyRing(pool, serverKey))).toEqual(['a', 'a']);
  await expect(pool.query('DELETE FROM data_key WHERE key_id = $1', [retired])).rejects.toThrow(/foreign key/);
  await forgetEvents(pool, { retentionDays: 2, countsRetentionDays: 30 }, new Date(Date.now() + 9 * 86_400_000));
  expect((await round())?.destroyed).toEqual([retired]);
});
