import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { VaultError } from '@sdp/shared/errors';
import Sqlite from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { BatchBuilder, newBatchBuffers } from '../../src/vault/batch.ts';
import { BatchWriter } from '../../src/vault/batch-writer.ts';
import { openDatabase, prepareForWriting } from '../../src/vault/database.ts';
import { encryptionCap } from '../../src/vault/format.ts';
import { openVault } from '../../src/vault/index.ts';
import { openKeys } from '../../src/vault/keyring.ts';
import { sortBatch } from '../../src/vault/sort-batch.ts';
import { withVaultErrors } from '../../src/vault/sqlite-errors.ts';
import { StateStore } from '../../src/vault/state.ts';
import { TokenDigests } from '../../src/vault/token-digests.ts';
import { newMasterKey, someValues, storeAll, temporaryFolder, vaultAt } from './vault-fixture.ts';

const masterKey = newMasterKey();

test('a full disk: nothing of the batch is stored, and writing goes on once there is space', async () => {
  const path = join(temporaryFolder(), 'v.db');
  const vault = await vaultAt(path, masterKey);
  await storeAll(vault, 'n', someValues(100));
  await vault.close();
  const db = openDatabase(path);
  prepareForWriting(db);
  const keys = openKeys(db, masterKey);
  const writer = new BatchWriter(db, keys);
  const builder = new BatchBuilder('n', newBatchBuffers());
  const digest = digestOf(path);
  for (const value of someValues(20_000, 'new')) builder.add(value, digest(value));
  const batch = builder.take();
  const sorted = [{ batch, order: sortBatch(batch) }];
  db.pragma(`max_page_count = ${(db.pragma('page_count', { simple: true }) as number) + 5}`);
  expect(() => withVaultErrors(() => writer.write(sorted))).toThrow(
    expect.objectContaining({ code: 'vault-unusable', message: expect.stringContaining('full') }),
  );
  const reader = await openVault({ path, masterKey, readOnly: true });
  expect(await reader.verify()).toMatchObject({ ok: true, entries: 100 });
  db.pragma('max_page_count = 1000000');
  writer.write(sorted);
  expect(await reader.verify()).toMatchObject({ ok: true, entries: 20_100 });
  await reader.close();
  db.close();
});

/** The digest that belongs to the vault's token key, so that what is written by hand verifies. */
function digestOf(path: string): (value: string) => string {
  const db = openDatabase(path, { readOnly: true });
  const keys = openKeys(db, masterKey);
  db.close();
  return new TokenDigests(keys).of('n');
}

test('a data key at its cap seals nothing more', async () => {
  const path = join(temporaryFolder(), 'v.db');
  const vault = await vaultAt(path, masterKey);
  await storeAll(vault, 'n', ['before']);
  const db = openDatabase(path);
  const store = new StateStore(db, vault.id, openKeys(db, masterKey).state);
  const state = store.read();
  for (const key of state.keys) if (key.purpose === 'data') key.encryptions = encryptionCap;
  store.write(state);
  db.close();
  vault.tokenizer('n')('before');
  await vault.flush();
  vault.tokenizer('n')('after');
  await expect(vault.flush()).rejects.toThrow(expect.objectContaining({ code: 'key-exhausted' }));
  expect(vault.stats().keys).toMatchObject([{ encryptions: encryptionCap, encryptionCap }]);
  expect(await vault.verify()).toMatchObject({ ok: true, entries: 1 });
});

test('damage that is met while writing stops the run', async () => {
  const path = join(temporaryFolder(), 'v.db');
  const vault = await vaultAt(path, masterKey);
  await storeAll(vault, 'n', ['before']);
  const tokenize = vault.tokenizer('n');
  const db = new Sqlite(path);
  db.exec(`UPDATE vault_meta SET value = zeroblob(100) WHERE name = 'state'`);
  db.close();
  tokenize('after');
  await expect(vault.flush()).rejects.toThrow(expect.objectContaining({ code: 'vault-tampered', kind: 'integrity' }));
});

test('a vault that is taken away while it is open fails the flush, not the process', async () => {
  const path = join(temporaryFolder(), 'v.db');
  const vault = await vaultAt(path, masterKey);
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
  vault.tokenizer('n')('value');
  await expect(vault.flush()).rejects.toThrow(VaultError);
});

describe('verify', () => {
  test('tells how far it is, and stops when asked to', async () => {
    const vault = await vaultAt(join(temporaryFolder(), 'v.db'), masterKey);
    await storeAll(vault, 'n', someValues(40_000));
    const seen: number[] = [];
    await vault.verify(({ blocksRead, blocksTotal }) => {
      expect(blocksTotal).toBe(313);
      seen.push(blocksRead);
    });
    expect(seen).toEqual([128, 256, 313]);
    const controller = new AbortController();
    const stopped = new Error('stopped');
    const running = vault.verify(() => controller.abort(stopped), controller.signal);
    await expect(running).rejects.toBe(stopped);
  });

  test('checks the state as of its start while others write', async () => {
    const vault = await vaultAt(join(temporaryFolder(), 'v.db'), masterKey);
    await storeAll(vault, 'n', someValues(40_000));
    const checking = vault.verify();
    await storeAll(vault, 'n', someValues(1_000, 'meanwhile'));
    expect(await checking).toMatchObject({ ok: true });
    expect(await vault.verify()).toMatchObject({ ok: true, entries: 41_000 });
  });
});

test('many namespaces do not wait for each other without bound: the fullest is stored before the flush', async () => {
  const vault = await vaultAt(join(temporaryFolder(), 'v.db'), masterKey);
  const tokenizers = Array.from({ length: 40 }, (_, i) => vault.tokenizer(`column ${i}`));
  // 60 MB, none of the columns enough for a batch of its own.
  for (let row = 0; row < 1_500; row++) {
    for (const tokenize of tokenizers) tokenize(`value ${row}`.padEnd(1_000, '.'));
    await vault.drain();
  }
  await vault.drain();
  await expect.poll(() => vault.stats().entries).toBeGreaterThan(0);
  await vault.flush();
  expect(await vault.verify()).toMatchObject({ ok: true, entries: 60_000 });
});
