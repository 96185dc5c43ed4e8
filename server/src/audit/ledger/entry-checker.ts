import { CompactRange, leafHash } from '@sdp/shared/crypto';
import { type PoolClient, query } from '../../database/index.ts';
import type { RowMac } from '../row-mac.ts';
import type { ChangedRow, FindingList } from './ledger-report.ts';
import { chainOn } from './ledger-round.ts';
import { columnList, entryOf, type LedgerSource, type SourceRow } from './ledger-sources.ts';
import { chainStart, type NodeRow, nodeLevels } from './ledger-store.ts';

/** A row of `audit_leaf`. */
export interface StoredLeaf {
  readonly seq: number;
  readonly source: string;
  readonly source_id: string;
  readonly leaf_hash: Buffer;
  readonly chain_hash: Buffer;
}

/** Rows whose contents are compared with one another's, when they aren't what the ledger has. */
const maxSwapped = 300;

/** Goes through the entries from the first to the last, and compares each with its row, the chain and the kept nodes. */
export class EntryChecker {
  readonly #client: PoolClient;
  readonly #sources: ReadonlyMap<string, LedgerSource>;
  readonly #macOf: RowMac;
  readonly #findings: FindingList;
  readonly #range = new CompactRange();
  readonly #changed: ChangedRow[] = [];
  #chain: Buffer = chainStart;
  #nodes = 0;
  /** Entries that were there when the first head was signed. */
  #oldEntries = 0;
  /** How far the numbers of entries are from their places, after some were found missing. */
  #gap = 0;

  constructor(client: PoolClient, sources: readonly LedgerSource[], macOf: RowMac, findings: FindingList) {
    this.#client = client;
    this.#sources = new Map(sources.map((source) => [source.name, source]));
    this.#macOf = macOf;
    this.#findings = findings;
  }

  /** Number of entries so far. */
  get size(): number {
    return this.#range.size;
  }

  /** @param size of the first head that was signed */
  startAt(size: number): void {
    this.#oldEntries = size;
  }

  /** @param atEach called after each entry with the tree and the chain up to it */
  async checkPage(leaves: readonly StoredLeaf[], atEach: (range: CompactRange, chain: Buffer) => void): Promise<void> {
    const rows = await this.#rowsOf(leaves);
    const nodes: NodeRow[] = [];
    for (const leaf of leaves) {
      const entry = this.#range.size;
      if (leaf.seq > entry + this.#gap)
        this.#findings.add({ kind: 'entry-deleted', entry: entry + this.#gap, until: leaf.seq });
      else if (leaf.seq < entry + this.#gap) this.#findings.add({ kind: 'entry-inserted', entry: leaf.seq });
      this.#gap = leaf.seq - entry;
      this.#check(leaf, rows.get(`${leaf.source}:${leaf.source_id}`));
      this.#chain = leaf.chain_hash;
      this.#range.append(leaf.leaf_hash, (level, index, hash) => {
        if (level > 0 && level % nodeLevels === 0) nodes.push({ level, index, hash });
      });
      atEach(this.#range, this.#chain);
    }
    await this.#checkNodes(nodes);
  }

  #check(leaf: StoredLeaf, row: SourceRow | undefined): void {
    const { seq: entry, source: name, source_id: sourceId } = leaf;
    const source = this.#sources.get(name);
    const place = { entry, source: name, sourceId };
    const isChained = chainOn(this.#chain, leaf.leaf_hash).equals(leaf.chain_hash);
    if (!source || !row) {
      this.#findings.add({ kind: source && isChained ? 'row-deleted' : 'entry-changed', ...place });
      return;
    }
    const actual = leafHash(Buffer.from(entryOf(source, row)));
    if (actual.equals(leaf.leaf_hash)) {
      if (!isChained) this.#findings.add({ kind: 'entry-changed', ...place });
      else if (source.isGenuine?.(row, this.#macOf, entry < this.#oldEntries) === false)
        this.#findings.add({ kind: 'row-forged', ...place });
    } else if (isChained) {
      this.#findings.isExplained = true;
      if (this.#changed.length < maxSwapped) this.#changed.push({ source, row, leafHash: leaf.leaf_hash, entry });
      else this.#findings.add({ kind: 'row-edited', ...place });
    } else {
      this.#findings.add({ kind: 'entry-changed', ...place });
    }
  }

  async finish(): Promise<void> {
    this.#tellSwapped();
    const { rows } = await query<{ nodes: string }>(this.#client, 'SELECT count(*) AS nodes FROM audit_node');
    if (Number(rows[0]?.nodes) > this.#nodes) this.#findings.add({ kind: 'node-changed' });
    const { rows: positions } = await query(this.#client, 'SELECT FROM audit_position');
    if (positions.length === 0 && this.size > 0) this.#findings.add({ kind: 'position-deleted' });
  }

  /** Of rows that changed, those that have each other's contents. */
  #tellSwapped(): void {
    for (const { source, row, leafHash: expected, entry } of this.#changed) {
      const other = this.#changed.find(
        (each) =>
          each.source === source &&
          each.row.id !== row.id &&
          leafHash(Buffer.from(entryOf(source, { ...each.row, id: row.id }))).equals(expected),
      );
      const place = { entry, source: source.name, sourceId: row.id };
      this.#findings.add(
        other ? { kind: 'row-swapped', ...place, otherId: other.row.id } : { kind: 'row-edited', ...place },
      );
    }
  }

  async #rowsOf(leaves: readonly StoredLeaf[]): Promise<Map<string, SourceRow>> {
    const rows = new Map<string, SourceRow>();
    for (const source of this.#sources.values()) {
      const ids = leaves.filter((leaf) => leaf.source === source.name).map((leaf) => leaf.source_id);
      if (ids.length === 0) continue;
      const valid = source.idType === 'bigint' ? ids.filter((id) => /^-?\d{1,18}$/.test(id)) : ids;
      const { rows: found } = await query<SourceRow>(
        this.#client,
        `SELECT ${columnList(source)} FROM ${source.name} WHERE ${source.idColumn} = ANY ($1::${source.idType}[])`,
        [valid],
      );
      for (const row of found) rows.set(`${source.name}:${row.id}`, row);
    }
    return rows;
  }

  async #checkNodes(nodes: readonly NodeRow[]): Promise<void> {
    this.#nodes += nodes.length;
    if (nodes.length === 0) return;
    const { rows } = await query<{ level: number; position: string; hash: Buffer }>(
      this.#client,
      `SELECT level, position, hash FROM audit_node JOIN unnest($1::integer[], $2::bigint[]) AS asked (level, position)
        USING (level, position)`,
      [nodes.map(({ level }) => level), nodes.map(({ index }) => index)],
    );
    const stored = new Map(rows.map(({ level, position, hash }) => [`${level}:${position}`, hash]));
    for (const { level, index, hash } of nodes) {
      const found = stored.get(`${level}:${index}`);
      if (!found) this.#nodes--;
      // Of entries that were changed themselves nothing else is to be expected.
      if (found?.equals(hash) || this.#findings.isExplained) continue;
      this.#findings.add({ kind: 'node-changed', entry: index * 2 ** level, until: (index + 1) * 2 ** level });
    }
  }
}
