import { createHash } from 'node:crypto';
import { IntegrityError, RejectedError } from '@sdp/shared/errors';
import { type Pool, query } from '../../database/index.ts';
import type { ModelPackage } from './model-package.ts';
import { packPackage, unpackPackage } from './packed-package.ts';

export interface StoredVersion {
  readonly version: string;
  readonly featureSetId: string;
  readonly keyId: string;
  readonly signedAt: Date;
  /** Of the packed package, hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly addedBy: string;
  readonly addedAt: Date;
}

export interface VersionStore {
  /**
   * @returns whether it is new; the same content again is no error
   * @throws {RejectedError} `model-version-taken` where the version has another content
   */
  add(verified: ModelPackage, addedBy: string): Promise<boolean>;
  list(): Promise<readonly StoredVersion[]>;
  /**
   * The package as it lies in the database: verify it before use.
   *
   * @throws {RejectedError} `model-unknown`
   * @throws {IntegrityError} `model-tampered` for what isn't a package, or is one of another version
   */
  load(version: string): Promise<ModelPackage>;
}

interface Row {
  readonly version: string;
  readonly feature_set: string;
  readonly key_id: string;
  readonly signed_at: Date;
  readonly sha256: Buffer;
  readonly size_bytes: number;
  readonly added_by: string;
  readonly added_at: Date;
}

export function createVersionStore(pool: Pool): VersionStore {
  return {
    async add(verified, addedBy) {
      const { version, featureSetId, keyId, signedMs } = verified.statement;
      const packed = packPackage(verified);
      const sha256 = createHash('sha256').update(packed).digest();
      const { rowCount } = await query(
        pool,
        `INSERT INTO model_version (version, feature_set, key_id, signed_at, sha256, size_bytes, package, added_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (version) DO NOTHING`,
        [version, featureSetId, keyId, new Date(signedMs), sha256, packed.length, packed, addedBy],
      );
      if (rowCount === 1) return true;
      const { statement } = await this.load(version);
      // Signed again, by whomever, it is the same model.
      if (JSON.stringify(statement.files) === JSON.stringify(verified.statement.files)) return false;
      throw new RejectedError('model-version-taken');
    },
    async list() {
      const { rows } = await query<Row>(
        pool,
        `SELECT version, feature_set, key_id, signed_at, sha256, size_bytes, added_by, added_at
           FROM model_version ORDER BY added_at DESC, version DESC`,
      );
      return rows.map(fromRow);
    },
    async load(version) {
      const { rows } = await query<{ package: Buffer }>(pool, 'SELECT package FROM model_version WHERE version = $1', [
        version,
      ]);
      const packed = rows[0]?.package;
      if (packed === undefined) throw new RejectedError('model-unknown');
      const found = unpackPackage(packed);
      if (found.statement.version !== version) {
        throw new IntegrityError('model-tampered', { message: 'The package in the database is of another version' });
      }
      return found;
    },
  };
}

function fromRow(row: Row): StoredVersion {
  return {
    version: row.version,
    featureSetId: row.feature_set,
    keyId: row.key_id,
    signedAt: row.signed_at,
    sha256: row.sha256.toString('hex'),
    sizeBytes: row.size_bytes,
    addedBy: row.added_by,
    addedAt: row.added_at,
  };
}
