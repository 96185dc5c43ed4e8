import type { KeyObject } from 'node:crypto';
import {
  generateKey,
  keyFingerprint,
  lengthPrefixed,
  type MasterKey,
  nonceBytes,
  unwrapKey,
  wrapKey,
} from '@sdp/shared/crypto';
import { ConfigError, IntegrityError } from '@sdp/shared/errors';
import { type Pool, type PoolClient, type Queryable, query } from '../database/index.ts';

/** A random key under which stored data is sealed; `id` travels with every ciphertext. */
export interface DataKey {
  readonly id: number;
  readonly key: KeyObject;
  /**
   * Another key of the same ring: what is read while keys are rotated may be under either.
   *
   * @throws {IntegrityError} `record-tampered` when there is no such key or it doesn't open
   */
  other(id: number): Promise<DataKey>;
}

/** The server's data keys. They stand in the database wrapped by the master key, which never does. */
export interface DataKeyRing {
  /** The key for new data. */
  active(): Promise<DataKey>;
  /** @throws {IntegrityError} `record-tampered` when there is no such key or it doesn't open */
  get(id: number): Promise<DataKey>;
}

interface DataKeyRow {
  readonly key_id: number;
  readonly wrapped_key: Buffer;
  readonly master_fingerprint: string;
}

/**
 * Opens the ring and makes the first data key where there is none.
 *
 * @throws {ConfigError} `key-invalid` when the database belongs to another master key
 */
export async function openDataKeyRing(pool: Pool, master: MasterKey): Promise<DataKeyRing> {
  const fingerprint = keyFingerprint(master);
  const opened = new Map<number, DataKey>();

  const open = (row: DataKeyRow): DataKey => {
    if (row.master_fingerprint !== fingerprint) {
      throw new ConfigError('key-invalid', {
        message: 'The database was made with another server key',
        remedy: 'Give the server the SDP_CRYPTO_KEY with which this database was made, or another database.',
      });
    }
    const blob = { nonce: row.wrapped_key.subarray(0, nonceBytes), sealed: row.wrapped_key.subarray(nonceBytes) };
    const key = unwrapKey(master, wrappingContext(row.key_id), blob);
    if (!key) throw new IntegrityError('record-tampered', { message: 'A stored data key failed its integrity check' });
    const dataKey: DataKey = { id: row.key_id, key, other: (id) => get(id) };
    opened.set(row.key_id, dataKey);
    return dataKey;
  };

  const active = async (): Promise<DataKey> => {
    const { rows } = await query<DataKeyRow>(pool, `${selectKey} WHERE state = 'active'`);
    const [row] = rows;
    if (row) return opened.get(row.key_id) ?? open(row);
    await insertKey(pool, master, fingerprint);
    return active();
  };

  const get = async (id: number): Promise<DataKey> => {
    const known = opened.get(id);
    if (known) return known;
    const { rows } = await query<DataKeyRow>(pool, `${selectKey} WHERE key_id = $1`, [id]);
    const [row] = rows;
    if (!row) throw new IntegrityError('record-tampered', { message: 'The data key of stored data is missing' });
    return open(row);
  };

  await active();
  return { active, get };
}

const selectKey = 'SELECT key_id, wrapped_key, master_fingerprint FROM data_key';

/**
 * Makes a new data key for all that is stored from now on; the one before is retired, which opens what is there until nothing is
 * under it any more.
 *
 * @returns ids of both
 * @throws {ConfigError} `key-invalid` when the database belongs to another master key
 */
export async function rotateDataKey(tx: PoolClient, master: MasterKey): Promise<{ retired: number; active: number }> {
  const fingerprint = keyFingerprint(master);
  const { rows } = await tx.query<{ key_id: number; master_fingerprint: string }>(
    "UPDATE data_key SET state = 'retired', retired_at = now() WHERE state = 'active' RETURNING key_id, master_fingerprint",
  );
  const [retired] = rows;
  if (!retired || retired.master_fingerprint !== fingerprint) throw new ConfigError('key-invalid');
  return { retired: retired.key_id, active: await insertKey(tx, master, fingerprint) };
}

/** Of servers that start together one makes the key and all use it. */
async function insertKey(pool: Queryable, master: MasterKey, fingerprint: string): Promise<number> {
  const { rows } = await query<{ id: number }>(
    pool,
    "SELECT nextval(pg_get_serial_sequence('data_key', 'key_id'))::integer AS id",
  );
  const id = rows[0]?.id ?? 0;
  const { nonce, sealed } = wrapKey(master, wrappingContext(id), generateKey());
  await query(
    pool,
    `INSERT INTO data_key (key_id, wrapped_key, master_fingerprint) OVERRIDING SYSTEM VALUE
     VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
    [id, Buffer.concat([nonce, sealed]), fingerprint],
  );
  return id;
}

function wrappingContext(keyId: number): Buffer {
  return lengthPrefixed('sdp-server-data-key-v1', keyId);
}
