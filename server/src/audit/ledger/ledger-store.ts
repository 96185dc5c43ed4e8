import { CompactRange, joinPeaks, type ReadSubtrees, type Subtree, subtreesOf } from '@sdp/shared/crypto';
import { type Pool, type PoolClient, query } from '../../database/index.ts';
import type { SignedHead } from './signed-head.ts';

/** Levels of which roots of subtrees are kept. */
export const nodeLevels = 8;

/** The end of the chain without entries. */
export const chainStart: Buffer = Buffer.alloc(32);

export interface LeafRow {
  readonly source: string;
  readonly sourceId: string;
  readonly leafHash: Buffer;
  readonly chainHash: Buffer;
}

export interface NodeRow extends Subtree {
  readonly hash: Buffer;
}

type Db = Pool | PoolClient;

interface HeadRow {
  readonly size: string;
  readonly root: Buffer;
  readonly chain_hash: Buffer;
  readonly signed_at: Date;
  readonly key_id: string;
  readonly signature: Buffer;
}

export function presentHead(row: HeadRow): SignedHead {
  return {
    size: Number(row.size),
    root: row.root.toString('hex'),
    chain: row.chain_hash.toString('hex'),
    signedAt: row.signed_at.toISOString(),
    keyId: row.key_id,
    signature: row.signature.toString('hex'),
  };
}

/** @returns undefined where nothing is signed yet */
export async function lastHead(db: Db): Promise<SignedHead | undefined> {
  const { rows } = await query<HeadRow>(db, 'SELECT * FROM audit_head ORDER BY size DESC LIMIT 1');
  return rows[0] && presentHead(rows[0]);
}

/** @returns the head that was signed over so many entries */
export async function headOver(db: Db, size: number): Promise<SignedHead | undefined> {
  const { rows } = await query<HeadRow>(db, 'SELECT * FROM audit_head WHERE size = $1', [size]);
  return rows[0] && presentHead(rows[0]);
}

/** @returns the entry of that number */
export async function leafAt(db: Db, entry: number): Promise<Omit<LeafRow, 'chainHash'> | undefined> {
  const { rows } = await query<{ source: string; source_id: string; leaf_hash: Buffer }>(
    db,
    'SELECT source, source_id, leaf_hash FROM audit_leaf WHERE seq = $1',
    [entry],
  );
  const [row] = rows;
  return row && { source: row.source, sourceId: row.source_id, leafHash: row.leaf_hash };
}

export async function insertHead(db: Db, head: SignedHead): Promise<void> {
  const bytes = (hex: string) => Buffer.from(hex, 'hex');
  await query(
    db,
    'INSERT INTO audit_head (size, root, chain_hash, signed_at, key_id, signature) VALUES ($1, $2, $3, $4, $5, $6)',
    [head.size, bytes(head.root), bytes(head.chain), head.signedAt, head.keyId, bytes(head.signature)],
  );
}

export async function insertLeaves(db: Db, firstSeq: number, leaves: readonly LeafRow[]): Promise<void> {
  await query(
    db,
    `INSERT INTO audit_leaf (seq, source, source_id, leaf_hash, chain_hash)
     SELECT $1::bigint + i - 1, source, source_id, leaf_hash, chain_hash
       FROM unnest($2::text[], $3::text[], $4::bytea[], $5::bytea[])
            WITH ORDINALITY AS row (source, source_id, leaf_hash, chain_hash, i)`,
    [
      firstSeq,
      leaves.map(({ source }) => source),
      leaves.map(({ sourceId }) => sourceId),
      leaves.map(({ leafHash }) => leafHash),
      leaves.map(({ chainHash }) => chainHash),
    ],
  );
}

export async function insertNodes(db: Db, nodes: readonly NodeRow[]): Promise<void> {
  if (nodes.length === 0) return;
  await query(
    db,
    'INSERT INTO audit_node (level, position, hash) SELECT * FROM unnest($1::integer[], $2::bigint[], $3::bytea[])',
    [nodes.map(({ level }) => level), nodes.map(({ index }) => index), nodes.map(({ hash }) => hash)],
  );
}

/**
 * Reads roots of subtrees: those of the levels that are kept as they are, others put together from the level below.
 *
 * @throws {RangeError} when the ledger lacks some of them
 */
export function subtreeReader(db: Db): ReadSubtrees {
  return async (subtrees) => {
    const hashes: Buffer[] = [];
    for (const subtree of subtrees) hashes.push(await readSubtree(db, subtree));
    return hashes;
  };
}

async function readSubtree(db: Db, { level, index }: Subtree): Promise<Buffer> {
  const kept = level - (level % nodeLevels);
  const count = 2 ** (level - kept);
  const first = index * count;
  const { rows } =
    kept === 0
      ? await query<{ hash: Buffer }>(
          db,
          'SELECT leaf_hash AS hash FROM audit_leaf WHERE seq >= $1 AND seq < $2 ORDER BY seq',
          [first, first + count],
        )
      : await query<{ hash: Buffer }>(
          db,
          'SELECT hash FROM audit_node WHERE level = $1 AND position >= $2 AND position < $3 ORDER BY position',
          [kept, first, first + count],
        );
  if (rows.length !== count) throw new RangeError('The ledger lacks entries that it should have.');
  const range = new CompactRange();
  for (const { hash } of rows) range.append(hash);
  return range.root();
}

/** The right edge of the tree over the first `size` entries. @throws {RangeError} when the ledger lacks some of them */
export async function readRange(db: Db, size: number): Promise<CompactRange> {
  return new CompactRange(size, await subtreeReader(db)(subtreesOf(0, size)));
}

/** Root of the tree over the first `size` entries. @throws {RangeError} */
export async function readRoot(db: Db, size: number): Promise<Buffer> {
  return joinPeaks(await subtreeReader(db)(subtreesOf(0, size)));
}

/** @returns the end of the chain after `size` entries @throws {RangeError} */
export async function readChain(db: Db, size: number): Promise<Buffer> {
  if (size === 0) return chainStart;
  const { rows } = await query<{ chain_hash: Buffer }>(db, 'SELECT chain_hash FROM audit_leaf WHERE seq = $1', [
    size - 1,
  ]);
  if (!rows[0]) throw new RangeError('The ledger lacks entries that it should have.');
  return rows[0].chain_hash;
}

/** @returns number of entries, by the last of them */
export async function readSize(db: Db): Promise<number> {
  const { rows } = await query<{ size: string }>(db, 'SELECT coalesce(max(seq) + 1, 0) AS size FROM audit_leaf');
  return Number(rows[0]?.size ?? 0);
}
