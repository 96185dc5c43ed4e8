import { accessSync, closeSync, constants, fsyncSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { VaultError } from '@sdp/shared/errors';
import Sqlite from 'better-sqlite3';
import { syncFolder } from '../files/index.ts';
import { applicationId, schemaVersion } from './format.ts';
import { withVaultErrors } from './sqlite-errors.ts';

export type Database = Sqlite.Database;

const busyTimeoutMs = 30_000;

/**
 * The tables of version 1. `vault_block.sealed` is ciphertext and tag of up to 128 entries of one namespace; `token_vault.ref` is
 * `block_id * 128 + slot`; `tail` is further bytes of the digest, and the day of last use where
 * values expire. What may be changed by somebody with an editor
 * and isn't sealed itself is repeated in the sealed state (`vault_meta`: `state`) and compared with it.
 */
const firstTables = [
  'CREATE TABLE vault_meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID',
  `CREATE TABLE data_key (
    key_id INTEGER PRIMARY KEY, purpose TEXT NOT NULL, state TEXT NOT NULL, nonce BLOB NOT NULL, wrapped BLOB NOT NULL
  ) STRICT`,
  'CREATE TABLE namespace (namespace_id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT',
  `CREATE TABLE token_vault (
    namespace_id INTEGER NOT NULL, token BLOB NOT NULL, ref INTEGER NOT NULL, tail BLOB NOT NULL,
    PRIMARY KEY (namespace_id, token)
  ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE vault_block (
    block_id INTEGER PRIMARY KEY, namespace_id INTEGER NOT NULL, key_id INTEGER NOT NULL, entry_count INTEGER NOT NULL,
    nonce BLOB NOT NULL, sealed BLOB NOT NULL
  ) STRICT`,
];

/** What version 2 added. `digest` is a keyed digest of what was erased, `erased_on` a day since 1970-01-01. */
const addedTables = [
  `CREATE TABLE tombstone (
    namespace_id INTEGER NOT NULL, digest BLOB NOT NULL, erased_on INTEGER NOT NULL, PRIMARY KEY (namespace_id, digest)
  ) STRICT, WITHOUT ROWID`,
];

export interface DatabaseOptions {
  readonly readOnly?: boolean;
  readonly cacheKiB?: number;
}

/** Opens the SQLite file, which must be there, with the settings that every connection to a vault needs. */
export function openDatabase(path: string, options: DatabaseOptions = {}): Database {
  const { readOnly = false } = options;
  return withVaultErrors(() => {
    const db = new Sqlite(path, {
      fileMustExist: true,
      readonly: readOnly && !mayCleanUp(path),
      timeout: busyTimeoutMs,
    });
    if (readOnly) db.pragma('query_only = ON');
    // A view or trigger that somebody planted can't call functions with effects.
    db.pragma('trusted_schema = OFF');
    db.pragma('cell_size_check = ON');
    db.pragma('temp_store = MEMORY');
    db.pragma(`cache_size = -${options.cacheKiB ?? 16_384}`);
    return db;
  });
}

/**
 * Whether a connection for reading may be opened with the right to write. It only uses it when it is closed, if it is
 * the last one: SQLite then removes the log and its index, which it otherwise leaves beside the file.
 */
function mayCleanUp(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    accessSync(dirname(path), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes a commit durable: with `synchronous = FULL` the write-ahead log reaches the disk before a commit returns, so a
 * power cut after {@link Vault.flush} loses nothing. Commits hold a whole batch, so this costs a sync per 128k values.
 */
export function prepareForWriting(db: Database): void {
  // A block fills a page of this size by two thirds and needs no overflow pages. No effect once the file has pages.
  db.pragma('page_size = 16384');
  if (db.pragma('journal_mode', { simple: true }) !== 'wal') db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  // In pages (64 MB): a batch touches most leaves of the token tree, so checkpoints are worth gathering a few batches.
  db.pragma('wal_autocheckpoint = 4096');
  db.pragma('journal_size_limit = 67108864');
}

/** Fills the temporary table `seq` with 0 … count − 1: the row source of statements that take many tokens at once. */
export function createSequence(db: Database, count: number): void {
  // A connection for reading may have it too: it isn't in the file.
  const queryOnly = db.pragma('query_only', { simple: true });
  db.pragma('query_only = OFF');
  db.exec('CREATE TEMP TABLE seq (i INTEGER PRIMARY KEY)');
  db.prepare<[number]>(
    `INSERT INTO temp.seq
     WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?) SELECT i FROM n`,
  ).run(count);
  db.pragma(`query_only = ${queryOnly}`);
}

/** Whether the file is a database in which nothing has been made yet. */
export function isBlank(db: Database): boolean {
  return (
    db.pragma('application_id', { simple: true }) === 0 &&
    db.prepare<[], number>('SELECT count(*) FROM sqlite_schema').pluck().get() === 0
  );
}

/** Makes the tables; inside the caller's transaction. */
export function createTables(db: Database): void {
  for (const sql of [...firstTables, ...addedTables]) db.exec(sql);
  db.pragma(`application_id = ${applicationId}`);
  db.pragma(`user_version = ${schemaVersion}`);
}

/** Brings the tables of version 1 to the present version; inside the caller's transaction. */
export function upgradeTables(db: Database): void {
  for (const sql of addedTables) db.exec(sql);
  db.pragma(`user_version = ${schemaVersion}`);
}

/** The version that the file says it has. */
export function schemaVersionOf(db: Database): number {
  return db.pragma('user_version', { simple: true }) as number;
}

/** Whether the schema is exactly the one that this version of the file has: no trigger, view or index more or less. */
export function hasExpectedSchema(db: Database): boolean {
  const found = db
    .prepare<[], string>(`SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_autoindex\\_%' ESCAPE '\\'`)
    .pluck()
    .all();
  const tables = schemaVersionOf(db) === 1 ? firstTables : [...firstTables, ...addedTables];
  return found.length === tables.length && tables.every((sql) => found.includes(sql));
}

/**
 * @throws {VaultError} `vault-not-a-vault`, told apart in the message: another kind of file, or a vault of a newer sdp
 */
export function assertVaultFile(db: Database): void {
  if (db.pragma('application_id', { simple: true }) !== applicationId) {
    throw new VaultError('vault-not-a-vault', { message: 'The file is a database, but not an SDP vault' });
  }
  const version = schemaVersionOf(db);
  if (version < 1) throw new VaultError('vault-not-a-vault');
  if (version > schemaVersion) {
    throw new VaultError('vault-not-a-vault', {
      message: 'The vault was made by a newer version of sdp',
      remedy: 'Use that version, or a newer one.',
    });
  }
}

/** Makes an empty file that only its owner may read; does nothing if a file is there. */
export function reserveFile(path: string): void {
  try {
    const file = openSync(path, 'wx', 0o600);
    fsyncSync(file);
    closeSync(file);
    // The name itself must survive a power cut as well.
    syncFolder(dirname(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new VaultError('vault-unusable', {
        message: 'The folder of the vault does not exist',
        remedy: 'Make the folder first, or check --vault and SDP_VAULT.',
        details: { file: path },
      });
    }
    throw new VaultError('vault-unusable', { message: 'The vault file cannot be made', details: { file: path } });
  }
}

/** @throws {VaultError} `vault-not-found`, `vault-not-a-vault` if it is no file */
export function assertFileThere(path: string): void {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) throw new VaultError('vault-not-found', { details: { file: path } });
  if (!status.isFile()) {
    throw new VaultError('vault-not-a-vault', {
      message: status.isDirectory() ? 'The vault is a file, and the path names a folder' : 'The path names no file',
      remedy: 'Check --vault and SDP_VAULT.',
      details: { file: path },
    });
  }
}
