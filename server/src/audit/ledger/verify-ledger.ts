import type { MasterKey } from '@sdp/shared/crypto';
import { asDatabaseError, type Pool, type PoolClient, query } from '../../database/index.ts';
import { createRowMac } from '../row-mac.ts';
import type { HeadAnchor } from './anchors/head-anchor.ts';
import { EntryChecker, type StoredLeaf } from './entry-checker.ts';
import { HeadChecker } from './head-checker.ts';
import { ledgerKeyOf } from './ledger-key.ts';
import { FindingList, type LedgerReport } from './ledger-report.ts';
import { type LedgerSource, ledgerSources } from './ledger-sources.ts';
import { lastHead } from './ledger-store.ts';
import type { SignedHead } from './signed-head.ts';
import { checkUnsequenced } from './unsequenced-rows.ts';

export interface VerifyLedgerOptions {
  readonly pool: Pool;
  readonly serverKey: MasterKey;
  readonly anchor: HeadAnchor;
  readonly sources?: readonly LedgerSource[];
}

const leavesPerQuery = 5_000;

/**
 * Checks the whole ledger, as one moment of the database shows it: each entry against the row that it is of, the chain, the tree,
 * every signed head, every anchored one, and that no row is missing from it.
 *
 * @throws {UnavailableError} `database-unavailable`
 */
export async function verifyLedger(options: VerifyLedgerOptions): Promise<LedgerReport> {
  // Before the database is looked at: what is anchored meanwhile would seem to be ahead of it.
  const anchored = await options.anchor.readAll();
  const client = await options.pool.connect().catch((error: unknown) => {
    throw asDatabaseError(error);
  });
  try {
    await query(client, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const { serverKey, sources = ledgerSources, anchor } = options;
    const findings = new FindingList();
    const heads = new HeadChecker(ledgerKeyOf(serverKey).publicKeyText, anchored.heads, findings);
    const entries = new EntryChecker(client, sources, createRowMac(serverKey), findings);
    entries.startAt(await firstHeadSize(client, anchored.heads));
    for await (const leaves of pagesOfLeaves(client)) {
      await heads.load(client, leaves.at(-1)?.seq ?? 0);
      await entries.checkPage(leaves, (range, chain) => heads.check(range, chain));
    }
    await entries.finish();
    const last = await lastHead(client);
    await heads.finish(client, entries.size, last);
    const pending = await checkUnsequenced(client, sources, createRowMac(serverKey), entries.size, findings);
    return {
      entries: entries.size,
      pending,
      heads: heads.count,
      anchor: { place: anchor.place, heads: anchored.heads.length, unreadable: anchored.unreadable },
      lastHead: last,
      found: findings.found,
      findings: findings.sorted(),
    };
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
    client.release();
  }
}

/** Of the smallest head that anybody has. */
async function firstHeadSize(client: PoolClient, anchored: readonly SignedHead[]): Promise<number> {
  const { rows } = await query<{ size: string | null }>(client, 'SELECT min(size) AS size FROM audit_head');
  const sizes = [
    ...anchored.map(({ size }) => size),
    ...rows.flatMap(({ size }) => (size === null ? [] : [Number(size)])),
  ];
  return sizes.length === 0 ? 0 : Math.min(...sizes);
}

async function* pagesOfLeaves(client: PoolClient): AsyncGenerator<StoredLeaf[]> {
  // No lower bound at first, so that an entry put before the first one shows.
  let after: string | null = null;
  for (;;) {
    const { rows }: { rows: (Omit<StoredLeaf, 'seq'> & { seq: string })[] } = await query(
      client,
      `SELECT seq, source, source_id, leaf_hash, chain_hash FROM audit_leaf
        WHERE seq > coalesce($1::bigint, -9223372036854775808) ORDER BY seq LIMIT ${leavesPerQuery}`,
      [after],
    );
    const last = rows.at(-1);
    if (!last) return;
    after = last.seq;
    yield rows.map((row) => ({ ...row, seq: Number(row.seq) }));
  }
}
