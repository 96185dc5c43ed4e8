import { asDatabaseError, type Pool, type PoolClient, query } from '../../database/index.ts';
import type { LedgerKey } from './ledger-key.ts';
import { columnList, entryOf, type LedgerSource, ledgerSources, type SourceRow } from './ledger-sources.ts';
import { presentHead, readSize } from './ledger-store.ts';

export interface ExportLedgerOptions {
  readonly pool: Pool;
  readonly key: LedgerKey;
  readonly sources?: readonly LedgerSource[];
}

const entriesPerQuery = 2_000;

interface LeafRow {
  readonly seq: string;
  readonly source: string;
  readonly source_id: string;
  readonly leaf_hash: Buffer;
  readonly chain_hash: Buffer;
}

/**
 * The whole ledger as one moment of the database shows it, as lines of JSON: what it is, then entries in their order, each head
 * after the last entry that it is over, and at the end how much there was. An entry is given as the row that it is of says today;
 * where that row is gone, by its hash alone. docs/integrity.md describes the format for those who check it.
 *
 * @throws {UnavailableError} `database-unavailable`
 */
export async function* exportLedger({
  pool,
  key,
  sources = ledgerSources,
}: ExportLedgerOptions): AsyncGenerator<string> {
  const client = await pool.connect().catch((error: unknown) => {
    throw asDatabaseError(error);
  });
  try {
    await query(client, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const size = await readSize(client);
    yield line({ format: 'sdp-audit-export-v1', public_key: key.publicKeyText, key_id: key.keyId, entries: size });
    let heads = 0;
    let entries = 0;
    for (let from = 0; from < size; from += entriesPerQuery) {
      const { rows: leaves } = await query<LeafRow>(
        client,
        'SELECT seq, source, source_id, leaf_hash, chain_hash FROM audit_leaf WHERE seq >= $1 AND seq < $2 ORDER BY seq',
        [from, from + entriesPerQuery],
      );
      const rows = await rowsOf(client, sources, leaves);
      const { rows: headRows } = await query<Parameters<typeof presentHead>[0]>(
        client,
        'SELECT * FROM audit_head WHERE size > $1 AND size <= $2 ORDER BY size',
        [from, from + entriesPerQuery],
      );
      const pageHeads = headRows.map(presentHead);
      for (const leaf of leaves) {
        const seq = Number(leaf.seq);
        const entry = rows.get(`${leaf.source}:${leaf.source_id}`);
        const chain = leaf.chain_hash.toString('hex');
        yield line(entry === undefined ? { seq, chain, leaf: leaf.leaf_hash.toString('hex') } : { seq, chain, entry });
        entries++;
        while (pageHeads[0] !== undefined && pageHeads[0].size <= seq + 1) {
          yield line({ head: pageHeads.shift() });
          heads++;
        }
      }
    }
    yield line({ end: { entries, heads } });
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
    client.release();
  }
}

async function rowsOf(
  client: PoolClient,
  sources: readonly LedgerSource[],
  leaves: readonly LeafRow[],
): Promise<Map<string, string>> {
  const entries = new Map<string, string>();
  for (const source of sources) {
    const ids = leaves.filter((leaf) => leaf.source === source.name).map((leaf) => leaf.source_id);
    if (ids.length === 0) continue;
    const { rows } = await query<SourceRow>(
      client,
      `SELECT ${columnList(source)} FROM ${source.name} WHERE ${source.idColumn} = ANY ($1::${source.idType}[])`,
      [ids],
    );
    for (const row of rows) entries.set(`${source.name}:${row.id}`, entryOf(source, row));
  }
  return entries;
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}
