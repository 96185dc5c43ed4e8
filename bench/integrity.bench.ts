import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BatchId } from '@sdp/shared/contracts';
import { CompactRange, generateMasterKeyText, leafHash, parseMasterKey } from '@sdp/shared/crypto';
import { createRecordAudit, fileAnchor, ledgerKeyOf, startSequencer, verifyLedger } from '../server/src/audit/index.ts';
import { createBatchStore } from '../server/src/batches/index.ts';
import { reencrypt } from '../server/src/data-keys/index.ts';
import {
  applyMigrations,
  createPool,
  type Pool,
  startEmbeddedPostgres,
  withTransaction,
} from '../server/src/database/index.ts';
import { sweep } from '../server/src/integrity/index.ts';
import {
  createBatchRoots,
  type DataKeyRing,
  encodeRecord,
  openDataKeyRing,
  openRecordWriter,
  rotateDataKey,
} from '../server/src/records/index.ts';
import { markdownTable } from './measure.ts';

const rowsPerBatch = 100_000;
const serverKey = parseMasterKey(generateMasterKeyText());

/** What the integrity of stored data costs: sweeping, giving it another key, and the ledger of the audit trail. */
export async function benchIntegrity({ rows }: { rows: number }): Promise<string> {
  const dataDir = mkdtempSync('/tmp/sdp-bench-integrity-');
  const postgres = await startEmbeddedPostgres({ dataDir });
  const pool = createPool({
    dsn: postgres.dsn,
    applicationName: 'bench',
    maxConnections: 8,
    statementTimeoutMs: 600_000,
  });
  const lines: string[][] = [];
  const timed = async (what: string, count: number, work: () => Promise<unknown>): Promise<void> => {
    const begun = performance.now();
    await work();
    const seconds = (performance.now() - begun) / 1_000;
    lines.push([
      what,
      count.toLocaleString('en-US'),
      seconds.toFixed(2),
      Math.round(count / seconds).toLocaleString('en-US'),
    ]);
  };
  try {
    await applyMigrations(postgres.dsn);
    const keyRing = await openDataKeyRing(pool, serverKey);
    const roots = createBatchRoots(serverKey);
    const recordAudit = createRecordAudit(serverKey);
    const batches = Math.ceil(rows / rowsPerBatch);
    await timed('store records, roots signed', rows, async () => {
      for (let i = 0; i < batches; i++)
        await storeBatch(pool, keyRing, Math.min(rowsPerBatch, rows - i * rowsPerBatch));
    });
    await timed('sweep', rows, async () => {
      const swept = await sweep({ pool, keyRing, roots, serverKey });
      if (swept?.rows !== rows || swept.findings.length > 0) throw new Error('the sweep went wrong');
    });
    await withTransaction(pool, (tx) => rotateDataKey(tx, serverKey));
    await timed('give them another data key', rows, async () => {
      const actor = { kind: 'operator', id: 'bench' } as const;
      const round = await reencrypt({ pool, keyRing, roots, recordAudit, actor, graceMs: 0 });
      if (round?.resealed !== batches) throw new Error('the rotation went wrong');
    });
    await benchLedger(postgres.dsn, pool, Math.min(rows, 500_000), timed);
    await timed('append to a Merkle tree in memory', rows, async () => {
      const tree = new CompactRange();
      const leaf = leafHash(Buffer.from('entry'));
      for (let i = 0; i < rows; i++) tree.append(leaf);
      tree.root();
    });
  } finally {
    await pool.end();
    await postgres.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
  return markdownTable(['what', 'rows', 'seconds', 'rows/s'], lines);
}

async function storeBatch(pool: Pool, keyRing: DataKeyRing, recordCount: number): Promise<void> {
  const store = createBatchStore(pool, keyRing);
  const roots = createBatchRoots(serverKey);
  const batchId = randomUUID() as BatchId;
  const clientId = 'acme';
  const dataKey = await keyRing.active();
  await withTransaction(pool, async (tx) => {
    const writer = await openRecordWriter(tx, { batchId, clientId, dataKey });
    for (let seq = 1; seq <= recordCount; seq++) {
      const wait = writer.writeEncoded(
        encodeRecord([`tok_8f3a61c2d94b${seq}`, `tok_51e07b${seq}`, seq % 977, 'EUR', '2026-03-14']),
      );
      if (wait) await wait;
    }
    await writer.finish();
    await store.insert(tx, dataKey, {
      ...{
        batchId,
        clientId,
        processingType: 'anomaly_detection',
        recordCount,
        keyIndex: 0,
        params: {},
        declaration: null,
      },
      ...{ columns: ['id', 'name', 'amount', 'currency', 'day'], declaredSafe: [], index: {}, receivedAt: new Date() },
      author: { kind: 'key', id: 'bench' },
    });
    const batch = await store.lock(tx, batchId);
    if (!batch) throw new Error('the batch is gone');
    await store.markFailed(tx, batch, { code: 'batch-unprocessable', message: 'bench' });
    await roots.put(tx, { batchId, kind: 'record', keyId: dataKey.id, entries: recordCount, root: writer.root() });
  });
}

type Timed = (what: string, count: number, work: () => Promise<unknown>) => Promise<void>;

async function benchLedger(dsn: string, pool: Pool, entries: number, timed: Timed): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'sdp-bench-ledger-'));
  const anchor = fileAnchor(join(dir, 'heads.ndjson'));
  const own = createPool({ dsn, applicationName: 'bench-ledger', maxConnections: 1, statementTimeoutMs: 600_000 });
  const silent = { error: () => undefined, warn: () => undefined, info: () => undefined } as never;
  try {
    const recordAudit = createRecordAudit(serverKey);
    await timed('write audit rows, 1,000 at a time', entries, async () => {
      for (let i = 0; i < entries; i += 1_000) {
        const actor = { kind: 'user', id: 'bench' } as const;
        const entry = (n: number) =>
          ({ actor, action: 'record.edited', subject: `b.${i + n}`, detail: { version: 2 } }) as const;
        await recordAudit(
          pool,
          Array.from({ length: Math.min(1_000, entries - i) }, (_, n) => entry(n)),
        );
      }
    });
    const sequencer = startSequencer({ pool: own, key: ledgerKeyOf(serverKey), anchor, logger: silent });
    await timed('take them into the ledger', entries, () => sequencer.flush());
    await sequencer.close();
    await timed('verify the ledger', entries, async () => {
      const report = await verifyLedger({ pool, serverKey, anchor });
      if (report.found > 0 || report.entries < entries) throw new Error('the ledger is not whole');
    });
  } finally {
    await own.end();
    rmSync(dir, { recursive: true, force: true });
  }
}
