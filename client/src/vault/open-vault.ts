import { hmacHex } from '@sdp/shared/crypto';
import { VaultError } from '@sdp/shared/errors';
import { openDatabase } from './database.ts';
import { assertSameTokens } from './keyring.ts';
import { namespaceKeys } from './namespace-keys.ts';
import { NamespaceWriting } from './namespace-writing.ts';
import { openVaultFile, type VaultFile } from './open-vault-file.ts';
import { VaultReader } from './reader.ts';
import { readAuditHead, sealAuditHead } from './sealed-audit-head.ts';
import { SealingQueue } from './sealing-queue.ts';
import { vaultErrorFrom, withVaultErrors } from './sqlite-errors.ts';
import { StateStore } from './state.ts';
import { readStats } from './stats.ts';
import { SurrogateDigests } from './surrogates.ts';
import { type DigestOverride, TokenDigests } from './token-digests.ts';
import type { OpenVaultOptions, Vault } from './vault.ts';
import { verifyVault } from './verify.ts';

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
  const file = openVaultFile(options);
  try {
    return withVaultErrors(() => assemble(file, options, override));
  } catch (error) {
    file.db.close();
    throw error;
  }
}

function assemble({ path, db, keys }: VaultFile, options: OpenVaultOptions, override?: DigestOverride): Vault {
  const { readOnly = false } = options;
  const digests = new TokenDigests(keys, override);
  const former = keys.formerToken && new TokenDigests({ token: keys.formerToken, hash: keys.hash }, override);
  const reader = new VaultReader(db, keys);
  const { vaultId, wrapping, state, data, ids } = keys;
  const queue = new SealingQueue({ path, keys: { vaultId, wrapping, state, data, ids } });
  const writing = new NamespaceWriting({ db, keys, reader, queue, digests });
  const assertWritable = () => {
    if (readOnly) throw new VaultError('vault-unusable', { message: 'The vault was opened for reading alone' });
  };
  let closed = false;
  return {
    id: vaultId,
    generation: `${ids.token} ${ids.epoch}`,
    keyFingerprints: () => [...keys.masterFingerprints],
    pendingAfterLeak: () => keys.leak?.pending ?? [],
    tokenizer: (namespace, use) => {
      assertWritable();
      return writing.tokenizer(namespace, use);
    },
    randomTokenizer: (namespace, use) => {
      assertWritable();
      return writing.randomTokenizer(namespace, use);
    },
    surrogates: (namespace, candidate, use) => {
      assertWritable();
      return writing.surrogates(namespace, candidate, use);
    },
    spellings: (namespace) => writing.spellings(namespace),
    surrogateRevealer: (namespace) => {
      const digests = new SurrogateDigests(keys, namespace);
      return (surrogate) =>
        withVaultErrors(() => reader.entry(namespace, Buffer.from(digests.tokenOf(surrogate), 'hex'))?.value());
    },
    keyed: (namespace) => namespaceKeys(keys, namespace),
    drain: () => queue.drain(),
    flush: async () => {
      await queue.flush();
      // What was flushed earlier may be gone, or have other tokens by now: nothing may be published that relies on it.
      if (queue.hasSent) {
        withVaultErrors(() => assertSameTokens(new StateStore(db, vaultId, state, ids.state).read(), ids));
      }
    },
    hasher: (namespace) => digests.hasher(namespace),
    tokenOf: (namespace, canonical) => digests.tokenOf(namespace, canonical),
    revealer: (namespaces) => {
      const reveal = withVaultErrors(() => reader.revealer(namespaces));
      return (token) => withVaultErrors(() => reveal(token));
    },
    contains: (namespace, tokens) => withVaultErrors(() => reader.contains(namespace, tokens)),
    authenticate: (label, bytes) => hmacHex(keys[label], bytes),
    auditHead: () => readAuditHead(db, keys),
    rememberAuditHead: (head) => sealAuditHead(path, keys, head),
    stats: () => withVaultErrors(() => readStats(db, path, keys)),
    verify: async (onProgress, signal) => {
      const connection = openDatabase(path, { readOnly: true });
      try {
        return await verifyVault(connection, {
          keys,
          digestOf: (namespace) => digests.of(namespace),
          formerDigestOf: former && ((namespace) => former.of(namespace)),
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
