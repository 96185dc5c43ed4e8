import { hash } from 'node:crypto';
import { CompactRange, leafHash } from '@sdp/shared/crypto';
import { type PoolClient, query } from '../../database/index.ts';
import type { LedgerKey } from './ledger-key.ts';
import { columnList, entryOf, type LedgerSource, type SourceRow } from './ledger-sources.ts';
import {
  chainStart,
  insertHead,
  insertLeaves,
  insertNodes,
  type LeafRow,
  lastHead,
  type NodeRow,
  nodeLevels,
  readChain,
  readRange,
  readSize,
} from './ledger-store.ts';
import type { SignedHead } from './signed-head.ts';

/** Where the ledger stands, as its one writer knows it. */
export interface LedgerState {
  readonly range: CompactRange;
  readonly chain: Buffer;
  /** What the last round saw; undefined before the first one. */
  readonly seen: string | undefined;
  readonly head: SignedHead | undefined;
}

/** @returns undefined where what is stored doesn't agree with its last head */
export async function loadState(client: PoolClient): Promise<LedgerState | undefined> {
  const size = await readSize(client);
  const head = await lastHead(client);
  if ((head?.size ?? 0) !== size) return undefined;
  let state: LedgerState;
  try {
    const { rows } = await query<{ seen: string }>(client, 'SELECT seen::text FROM audit_position');
    state = { range: await readRange(client, size), chain: await readChain(client, size), seen: rows[0]?.seen, head };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  const agrees =
    !head || (head.root === state.range.root().toString('hex') && head.chain === state.chain.toString('hex'));
  return agrees ? state : undefined;
}

/** The end of the chain with one entry more. */
export function chainOn(chain: Uint8Array, leaf: Uint8Array): Buffer {
  return Buffer.from(hash('sha256', Buffer.concat([chain, leaf]), 'binary'), 'latin1');
}

/**
 * Takes all rows that were committed since the last round into the ledger and signs its head, in one transaction. The caller is
 * the only one who does so.
 *
 * Ids don't go by commits: a row may become visible after one with a higher id. What the last snapshot hadn't seen as committed
 * is taken, whatever its id: transactions that began after it, and those that were under way then. So nothing is left out, and
 * no long transaction holds the others up.
 *
 * @returns the state after it; the same where nothing was new
 */
export async function runRound(
  client: PoolClient,
  state: LedgerState,
  key: LedgerKey,
  sources: readonly LedgerSource[],
): Promise<LedgerState> {
  await query(client, 'BEGIN ISOLATION LEVEL REPEATABLE READ');
  try {
    const { rows } = await query<{ now: string; seen: string | null }>(
      client,
      // A snapshot of another cluster, from before a dump was restored, says nothing here: everything is looked at again.
      `SELECT pg_current_snapshot()::text AS now,
              CASE WHEN pg_snapshot_xmax($1::pg_snapshot) <= pg_snapshot_xmax(pg_current_snapshot()) THEN $1 END AS seen`,
      [state.seen ?? null],
    );
    const [{ now, seen } = { now: '', seen: null }] = rows;
    if (now === seen) {
      await query(client, 'ROLLBACK');
      return state;
    }
    const writer = new LeafWriter(client, state);
    for (const source of sources) await takeRows(client, source, seen, (row) => writer.add(source, row));
    await writer.flush();
    if (writer.size === state.range.size) {
      await query(client, 'ROLLBACK');
      return { ...state, seen: now };
    }
    const head = key.sign({
      size: writer.size,
      root: writer.range.root().toString('hex'),
      chain: writer.chain.toString('hex'),
      signedAt: new Date().toISOString(),
    });
    await insertHead(client, head);
    await query(
      client,
      `INSERT INTO audit_position (seen) VALUES ($1::pg_snapshot)
       ON CONFLICT (only_one) DO UPDATE SET seen = excluded.seen`,
      [now],
    );
    await query(client, 'COMMIT');
    return { range: writer.range, chain: writer.chain, seen: now, head };
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

const rowsPerFetch = 5_000;

async function takeRows(
  client: PoolClient,
  source: LedgerSource,
  seen: string | null,
  take: (row: SourceRow) => Promise<void> | undefined,
): Promise<void> {
  // By the index on xact: what came after the last snapshot, and what was under way in it.
  const isNew =
    seen === null
      ? 'true'
      : `(xact >= pg_snapshot_xmax('${seen}'::pg_snapshot) AND xact < pg_snapshot_xmax(pg_current_snapshot())
          OR xact = ANY (ARRAY(SELECT pg_snapshot_xip('${seen}'::pg_snapshot))))`;
  await query(
    client,
    `DECLARE new_rows NO SCROLL CURSOR FOR
      SELECT ${columnList(source)} FROM ${source.name} WHERE ${isNew} ORDER BY xact NULLS FIRST, ${source.idColumn}`,
  );
  for (;;) {
    const { rows } = await query<SourceRow>(client, `FETCH ${rowsPerFetch} FROM new_rows`);
    const taken = await takenOf(client, source, rows);
    for (const row of rows) {
      if (taken.has(row.id)) continue;
      const wait = take(row);
      if (wait) await wait;
    }
    if (rows.length < rowsPerFetch) break;
  }
  await query(client, 'CLOSE new_rows');
}

/**
 * Rows of another cluster's transactions may be taken for new ones as this one's numbers reach theirs. Not in the query itself:
 * PostgreSQL can't guess how few rows are new, and would read the whole ledger each time.
 */
async function takenOf(client: PoolClient, source: LedgerSource, rows: readonly SourceRow[]): Promise<Set<string>> {
  if (rows.length === 0) return new Set();
  const { rows: taken } = await query<{ source_id: string }>(
    client,
    'SELECT source_id FROM audit_leaf WHERE source = $1 AND source_id = ANY ($2)',
    [source.name, rows.map(({ id }) => id)],
  );
  return new Set(taken.map(({ source_id: id }) => id));
}

/** Adds rows to the tree and the chain, and writes them some thousands at a time. */
class LeafWriter {
  readonly range: CompactRange;
  chain: Buffer;
  readonly #client: PoolClient;
  #leaves: LeafRow[] = [];
  #nodes: NodeRow[] = [];

  constructor(client: PoolClient, state: LedgerState) {
    this.#client = client;
    // A copy: a round that fails has changed nothing.
    this.range = new CompactRange(state.range.size, state.range.peaks);
    this.chain = state.chain;
  }

  get size(): number {
    return this.range.size;
  }

  add(source: LedgerSource, row: SourceRow): Promise<void> | undefined {
    const leaf = leafHash(Buffer.from(entryOf(source, row)));
    this.chain = chainOn(this.chain, leaf);
    this.range.append(leaf, (level, index, hash) => {
      if (level > 0 && level % nodeLevels === 0) this.#nodes.push({ level, index, hash });
    });
    this.#leaves.push({ source: source.name, sourceId: row.id, leafHash: leaf, chainHash: this.chain });
    return this.#leaves.length >= rowsPerFetch ? this.flush() : undefined;
  }

  async flush(): Promise<void> {
    if (this.#leaves.length === 0) return;
    await insertLeaves(this.#client, this.range.size - this.#leaves.length, this.#leaves);
    await insertNodes(this.#client, this.#nodes);
    this.#leaves = [];
    this.#nodes = [];
  }
}

export const emptyLedger: LedgerState = {
  range: new CompactRange(),
  chain: chainStart,
  seen: undefined,
  head: undefined,
};
