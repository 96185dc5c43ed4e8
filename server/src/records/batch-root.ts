import type { MasterKey } from '@sdp/shared/crypto';
import { type Ed25519Key, isSignedStatement, ledgerKeyOf } from '../audit/index.ts';
import { type PoolClient, type Queryable, query } from '../database/index.ts';
import type { BlockKind } from './block.ts';

/** What a batch's records or results are, under a signature. */
export interface BatchRoot {
  readonly batchId: string;
  readonly kind: BlockKind;
  /** Data key under which the rows' digests were made. */
  readonly keyId: number;
  readonly entries: number;
  /** 32 bytes. */
  readonly root: Buffer;
}

export interface StoredRoot extends BatchRoot {
  /** Whether the server signed it. */
  readonly isSigned: boolean;
}

interface RootRow {
  readonly batch_id: string;
  readonly kind: BlockKind;
  readonly key_id: number;
  readonly entries: number;
  readonly root: Buffer;
  readonly signed_at: Date;
  readonly signing_key_id: string;
  readonly signature: Buffer;
}

/** Signs and stores roots, in the transaction that writes the rows. */
export interface BatchRoots {
  /** In place of an earlier one of the batch and kind. */
  put(tx: PoolClient, root: BatchRoot): Promise<void>;
  of(db: Queryable, batchId: string): Promise<StoredRoot[]>;
}

export function createBatchRoots(serverKey: MasterKey): BatchRoots {
  const key: Ed25519Key = ledgerKeyOf(serverKey);
  return {
    async put(tx, root) {
      const signedAt = new Date();
      await tx.query(
        `INSERT INTO batch_root (batch_id, kind, key_id, entries, root, signed_at, signing_key_id, signature)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (batch_id, kind) DO UPDATE SET key_id = excluded.key_id, entries = excluded.entries, root = excluded.root,
           signed_at = excluded.signed_at, signing_key_id = excluded.signing_key_id, signature = excluded.signature`,
        [
          ...[root.batchId, root.kind, root.keyId, root.entries, root.root, signedAt, key.keyId],
          key.signStatement(statementOf(root, signedAt, key.keyId)),
        ],
      );
    },
    async of(db, batchId) {
      const { rows } = await query<RootRow>(db, 'SELECT * FROM batch_root WHERE batch_id = $1 ORDER BY kind', [
        batchId,
      ]);
      return rows.map((row) => {
        const root = {
          ...{ batchId: row.batch_id, kind: row.kind, keyId: row.key_id },
          ...{ entries: row.entries, root: row.root },
        };
        const statement = statementOf(root, row.signed_at, row.signing_key_id);
        const isOurs = row.signing_key_id === key.keyId;
        return { ...root, isSigned: isOurs && isSignedStatement(key.publicKeyText, statement, row.signature) };
      });
    },
  };
}

function statementOf({ batchId, kind, keyId, entries, root }: BatchRoot, signedAt: Date, signingKeyId: string): Buffer {
  const lines = [signingKeyId, batchId, kind, keyId, entries, root.toString('hex'), signedAt.toISOString()];
  return Buffer.from(`sdp-batch-root-v1\n${lines.join('\n')}\n`);
}
