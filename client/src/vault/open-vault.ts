import { hmacHex } from '@sdp/shared/crypto';
import { IntegrityError, VaultError } from '@sdp/shared/errors';
import {
  assertFileThere,
  assertVaultFile,
  type Database,
  hasExpectedSchema,
  isBlank,
  openDatabase,
  prepareForWriting,
  reserveFile,
} from './database.ts';
import { createKeys, type Keyring, openKeys } from './keyring.ts';
import { VaultReader } from './reader.ts';
import { SealingQueue } from './sealing-queue.ts';
import { vaultErrorFrom, withVaultErrors } from './sqlite-errors.ts';
import { readStats } from './stats.ts';
import { type DigestOverride, TokenDigests } from './token-digests.ts';
import { createTokenizer } from './tokenizer.ts';
import type { OpenVaultOptions, Vault } from './vault.ts';
import { verifyVault } from './verify.ts';
import { withWriteLock } from './write-lock.ts';

/**
 * Opens a vault, or makes one.
 *
 * @throws {VaultError} `vault-not-found`, `vault-not-a-vault`, `vault-wrong-key`, `vault-unusable`
 * @throws {IntegrityError} `vault-tampered`
 */
export async function openVault(options: OpenVaultOptions): Promise<Vault> {
  return openVaultWith(options);
}

/** {@link openVault} with the digest of values replaced; for tests. */
export async function openVaultWith(options: OpenVaultOptions, override?: DigestOverride): Promise<Vault> {
  const { path, masterKey, readOnly = false } = options;
  const create = (options.create ?? false) && !readOnly;
  if (create) reserveFile(path);
  assertFileThere(path);
  const db = openDatabase(path, { readOnly });
  try {
    return withVaultErrors(() => {
      if (isBlank(db)) {
        if (!create) throw new VaultError('vault-not-a-vault', { details: { file: path } });
        initialize(db, options);
      }
      assertVaultFile(db);
      if (!readOnly) withWriteLock(() => prepareForWriting(db));
      const keys = db.transaction(() => {
        if (!hasExpectedSchema(db)) {
          throw new IntegrityError('vault-tampered', { message: 'The vault’s tables were changed' });
        }
        return openKeys(db, masterKey);
      })();
      return assemble(db, keys, options, override);
    });
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Two processes may get here at once: the second finds the work done. */
function initialize(db: Database, { masterKey }: OpenVaultOptions): void {
  withWriteLock(() => prepareForWriting(db));
  const createUnlessThere = db.transaction(() => {
    if (isBlank(db)) createKeys(db, masterKey);
  });
  withWriteLock(() => createUnlessThere.immediate());
}

function assemble(db: Database, keys: Keyring, options: OpenVaultOptions, override?: DigestOverride): Vault {
  const { path, readOnly = false } = options;
  const digests = new TokenDigests(keys, override);
  const reader = new VaultReader(db, keys);
  const { vaultId, wrapping, state, data, ids } = keys;
  const queue = new SealingQueue({ path, keys: { vaultId, wrapping, state, data, ids } });
  let closed = false;
  return {
    id: vaultId,
    keyFingerprints: () => [...keys.masterFingerprints],
    tokenizer: (namespace) => {
      if (readOnly) {
        throw new VaultError('vault-unusable', { message: 'The vault was opened for reading alone' });
      }
      return createTokenizer(digests.of(namespace), queue, namespace);
    },
    drain: () => queue.drain(),
    flush: () => queue.flush(),
    hasher: (namespace) => digests.hasher(namespace),
    tokenOf: (namespace) => digests.tokenOf(namespace),
    revealer: (namespaces) => {
      const reveal = withVaultErrors(() => reader.revealer(namespaces));
      return (token) => withVaultErrors(() => reveal(token));
    },
    contains: (namespace, tokens) => withVaultErrors(() => reader.contains(namespace, tokens)),
    authenticate: (label, bytes) => hmacHex(keys[label], bytes),
    stats: () => withVaultErrors(() => readStats(db, path, keys)),
    verify: async (onProgress, signal) => {
      const connection = openDatabase(path, { readOnly: true });
      try {
        return await verifyVault(connection, {
          keys,
          digestOf: (namespace) => digests.of(namespace),
          ...(onProgress === undefined ? {} : { onProgress }),
          ...(signal === undefined ? {} : { signal }),
        });
      } catch (error) {
        throw vaultErrorFrom(error);
      } finally {
        connection.close();
      }
    },
    close: async () => {
      if (closed) return;
      closed = true;
      try {
        await queue.flush();
      } finally {
        await queue.stop();
        db.close();
      }
    },
  };
}
