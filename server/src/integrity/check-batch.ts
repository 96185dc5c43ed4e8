import type { MasterKey } from '@sdp/shared/crypto';
import { IntegrityError } from '@sdp/shared/errors';
import { type BatchRow, openBatchRow, type StoredBatch } from '../batches/index.ts';
import { type Queryable, query } from '../database/index.ts';
import {
  type BatchRoots,
  type BatchScope,
  type DataKeyRing,
  diagnoseRows,
  type EntryChunk,
  verifyRows,
} from '../records/index.ts';
import { createIndexCheck } from './check-index.ts';
import { checkProposals, checkVersions } from './check-versions.ts';
import type { Finding, Pace } from './finding.ts';

export interface CheckParts {
  readonly keyRing: DataKeyRing;
  readonly roots: BatchRoots;
  readonly serverKey: MasterKey;
}

const parts = [
  { kind: 'record', table: 'tokenized_record' },
  { kind: 'result', table: 'processed_result' },
] as const;

/**
 * Verifies all that is stored of a batch: its row, its roots, each record and result, each version and proposal.
 *
 * @returns what isn't as it was written; nothing where the batch is gone
 * @throws {UnavailableError} `database-unavailable`
 */
export async function checkBatch(db: Queryable, batchId: string, check: CheckParts, pace: Pace): Promise<Finding[]> {
  const row = await batchRow(db, batchId);
  if (row === undefined) return [];
  const batch = await openedBatch(row, check.keyRing);
  // What the row says can't be relied on any more, so that nothing can be said of the rest.
  if (!batch || hasBeenSetBack(row)) return [{ table: 'processing_batch', kind: 'edited', batchId }];
  const findings: Finding[] = [];
  const scope = { batchId, clientId: batch.clientId, dataKey: await check.keyRing.get(batch.keyId) };
  const index = createIndexCheck(db, batch, scope.dataKey, check);
  const roots = new Map((await check.roots.of(db, batchId)).map((root) => [root.kind, root]));
  for (const { kind, table } of parts) {
    const count = kind === 'record' || batch.status === 'PROCESSED' ? batch.recordCount : 0;
    const root = roots.get(kind);
    const actual = await rootOfRows(db, kind, scope, count, async (chunk) => {
      if (kind === 'record') findings.push(...(await index.check(chunk)));
      await pace(chunk.entries.length);
    });
    if (!actual) {
      const changed = await diagnoseRows(db, kind, scope, count);
      const rows = changed.length > 0 ? changed : [{ kind: 'edited' as const, seq: undefined }];
      findings.push(...rows.map((each) => ({ table, kind: each.kind, batchId, row: each.seq })));
    }
    if (!root) {
      // Batches of before there were roots have no author either.
      if (count > 0 && batch.author !== null) findings.push({ table: 'batch_root', kind: 'deleted', batchId });
    } else if (count === 0) {
      // Results are written with the state that says so.
      findings.push({ table: 'processing_batch', kind: 'edited', batchId });
    } else if (!root.isSigned || root.entries !== count || (actual && !root.root.equals(actual))) {
      findings.push({ table: 'batch_root', kind: 'edited', batchId });
    }
  }
  findings.push(...(await index.checkRest()));
  findings.push(...(await checkVersions(db, batch, check.keyRing, pace)));
  findings.push(...(await checkProposals(db, batch, check.keyRing, pace)));
  return findings;
}

async function batchRow(db: Queryable, batchId: string): Promise<BatchRow | undefined> {
  const { rows } = await query<BatchRow>(db, 'SELECT * FROM processing_batch WHERE batch_id = $1', [batchId]);
  return rows[0];
}

/** @returns undefined where its digests don't fit */
async function openedBatch(row: BatchRow, keyRing: DataKeyRing): Promise<StoredBatch | undefined> {
  return orTampered(async () => openBatchRow(row, await keyRing.get(row.key_id)));
}

/** Whether the row says that the batch is still to be processed, and has traces of its end. */
function hasBeenSetBack(row: BatchRow): boolean {
  if (row.status !== 'RECEIVED' && row.status !== 'PROCESSING') return false;
  return (
    row.outcome_sha256 !== null ||
    row.finished_at !== null ||
    row.processed_records !== 0 ||
    Object.keys(row.counts).length > 0 ||
    row.reason_code !== null ||
    row.model_version !== null
  );
}

function rootOfRows(
  db: Queryable,
  kind: 'record' | 'result',
  scope: BatchScope,
  count: number,
  onRows: (chunk: EntryChunk) => Promise<void>,
): Promise<Buffer | undefined> {
  return orTampered(() => verifyRows(db, kind, scope, count, onRows));
}

/** @returns undefined instead of `record-tampered` */
async function orTampered<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof IntegrityError) return undefined;
    throw error;
  }
}
