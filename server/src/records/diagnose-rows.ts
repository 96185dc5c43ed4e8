import { IntegrityError } from '@sdp/shared/errors';
import { type Queryable, query } from '../database/index.ts';
import { type BlockKind, type BlockSealer, blockSealers, decodeEntries, entriesPerBlock, keyIdOf } from './block.ts';
import type { BatchScope } from './record-store.ts';

/** What was done to a row. */
export interface ChangedRow {
  readonly kind: 'edited' | 'deleted' | 'inserted' | 'swapped';
  readonly seq: number;
}

interface SealedRow {
  readonly seq: number;
  readonly block_seq: number;
  readonly sha256: Buffer;
  readonly payload: Buffer | null;
}

interface ClosedBlock {
  readonly firstSeq: number;
  readonly count: number;
  readonly payload: Buffer;
}

interface StrangeDigest {
  readonly seq: number;
  readonly stored: string;
  readonly expected: string;
}

const tables: Record<BlockKind, string> = { record: 'tokenized_record', result: 'processed_result' };
const maxListed = 200;

/**
 * Finds out which of a batch's rows are not what was written, and what was done to them: for a batch that is known not to verify.
 * Of very many only the first are told.
 *
 * @throws {UnavailableError} `database-unavailable`
 */
export async function diagnoseRows(
  db: Queryable,
  kind: BlockKind,
  { batchId, clientId, dataKey }: BatchScope,
  count: number,
): Promise<ChangedRow[]> {
  const sealers = blockSealers(kind, dataKey, batchId, clientId);
  const { rows: outside } = await query<{ seq: number }>(
    db,
    `SELECT seq FROM ${tables[kind]} WHERE batch_id = $1 AND (seq < 1 OR seq > $2) ORDER BY seq LIMIT ${maxListed}`,
    [batchId, count],
  );
  const found: ChangedRow[] = outside.map(({ seq }) => ({ kind: 'inserted', seq }));
  const closed: ClosedBlock[] = [];
  const strange: StrangeDigest[] = [];
  for (let firstSeq = 1; firstSeq <= count && found.length < maxListed; firstSeq += entriesPerBlock) {
    const lastSeq = Math.min(firstSeq + entriesPerBlock - 1, count);
    const { rows } = await query<SealedRow>(
      db,
      `SELECT seq, block_seq, sha256, payload FROM ${tables[kind]}
        WHERE batch_id = $1 AND seq BETWEEN $2 AND $3 ORDER BY seq`,
      [batchId, firstSeq, lastSeq],
    );
    const bySeq = new Map(rows.map((row) => [row.seq, row]));
    for (let seq = firstSeq; seq <= lastSeq; seq++) {
      const row = bySeq.get(seq);
      if (!row) found.push({ kind: 'deleted', seq });
      else if (row.block_seq !== lastSeq || (row.payload === null) !== seq < lastSeq)
        found.push({ kind: 'edited', seq });
    }
    const payload = bySeq.get(lastSeq)?.payload;
    if (!payload) continue;
    const block = { firstSeq, count: lastSeq - firstSeq + 1, payload };
    const sealer = await sealerOf(payload, sealers);
    const opened = sealer?.open(block.firstSeq, block.count, payload);
    const entries = opened && decodeEntries(opened, block.count);
    if (!sealer || !entries) {
      closed.push(block);
      continue;
    }
    for (const row of rows) {
      const expected = sealer.digest(row.seq, entries[row.seq - firstSeq] as string);
      const stored = row.sha256.toString('hex');
      if (stored !== expected) strange.push({ seq: row.seq, stored, expected });
    }
  }
  const expectedElsewhere = new Set(strange.map(({ expected }) => expected));
  for (const { seq, stored } of strange.slice(0, maxListed)) {
    found.push({ kind: expectedElsewhere.has(stored) ? 'swapped' : 'edited', seq });
  }
  for (const block of closed.slice(0, maxListed)) {
    const isSwapped = await opensElsewhere(block, closed.slice(0, maxListed), sealers);
    found.push({ kind: isSwapped ? 'swapped' : 'edited', seq: block.firstSeq + block.count - 1 });
  }
  return found.sort((a, b) => a.seq - b.seq).slice(0, maxListed);
}

/** Whether a block is one of this batch's, in another one's place. */
async function opensElsewhere(
  { firstSeq, payload }: ClosedBlock,
  closed: readonly ClosedBlock[],
  sealers: (keyId: number) => Promise<BlockSealer>,
): Promise<boolean> {
  const sealer = await sealerOf(payload, sealers);
  if (!sealer) return false;
  return closed.some((other) => other.firstSeq !== firstSeq && sealer.open(other.firstSeq, other.count, payload));
}

/** @returns undefined where the payload names no key that there is */
async function sealerOf(
  payload: Buffer,
  sealers: (keyId: number) => Promise<BlockSealer>,
): Promise<BlockSealer | undefined> {
  const keyId = keyIdOf(payload);
  if (keyId === undefined) return undefined;
  try {
    return await sealers(keyId);
  } catch (error) {
    if (error instanceof IntegrityError) return undefined;
    throw error;
  }
}
