import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openVault } from '../../../src/vault/index.ts';
import { rekeyVault } from '../../../src/vault/maintenance/index.ts';
import { newMasterKey, someValues, storeAll, temporaryFolder, vaultAt } from '../vault-fixture.ts';
import { expectWhole, fileAt, filledVault, standsInFiles } from './maintenance-fixture.ts';

const masterKey = newMasterKey();

test('every block is under the new key, and of the old one no byte is left', async () => {
  const { path, values } = await filledVault(masterKey);
  const file = fileAt(path, masterKey);
  const old = file.db.prepare<[], Buffer>(`SELECT wrapped FROM data_key WHERE purpose = 'data'`).pluck().get();
  expect(await rekeyVault(file)).toEqual({
    resumed: false,
    blocks: 16,
    keyId: '7',
    erasedKeys: ['2'],
    logEmptied: true,
    pendingAfterLeak: [],
  });
  file.db.close();
  expect(standsInFiles(path, old ?? Buffer.alloc(0))).toBe(false);
  await expectWhole(path, masterKey, values);
  const vault = await vaultAt(path, masterKey);
  expect(vault.stats().keys).toMatchObject([{ keyId: '7', state: 'active', encryptions: 16 }]);
  // And again.
  expect(await rekeyVault(fileAt(path, masterKey))).toMatchObject({ resumed: false, erasedKeys: ['7'] });
  await expectWhole(path, masterKey, values);
});

test('an empty vault gets its new key', async () => {
  const path = join(temporaryFolder(), 'v.db');
  await (await openVault({ path, masterKey, create: true })).close();
  expect(await rekeyVault(fileAt(path, masterKey))).toMatchObject({ blocks: 0, erasedKeys: ['2'] });
  await expectWhole(path, masterKey, new Map());
});

test('stopped in between, the next run goes on; readers and writers of before know the new key', async () => {
  const { path, values } = await filledVault(masterKey, 40_000);
  const running = await vaultAt(path, masterKey);
  const reveal = running.revealer();
  const stopped = new Error('stopped');
  const controller = new AbortController();
  const interrupted = rekeyVault(fileAt(path, masterKey), {
    onProgress: () => controller.abort(stopped),
    signal: controller.signal,
  });
  await expect(interrupted).rejects.toBe(stopped);
  expect(running.stats().keys.map(({ state }) => state)).toEqual(['retired', 'active']);
  for (const [value, token] of await storeAll(running, 'a', someValues(500, 'meanwhile'))) values.set(token, value);
  await expectWhole(path, masterKey, values);
  const writing = storeAll(running, 'a', someValues(20_000, 'during'));
  const outcome = await rekeyVault(fileAt(path, masterKey));
  expect(outcome).toMatchObject({ resumed: true, erasedKeys: ['2'] });
  expect(outcome.blocks).toBeLessThan(400);
  for (const [value, token] of await writing) values.set(token, value);
  for (const [token, value] of values) if (reveal(token) !== value) expect.fail('a value is missing');
  expect(running.stats().keys).toHaveLength(1);
  await expectWhole(path, masterKey, values);
});

test('a block that does not open stops it, with nothing lost', async () => {
  const { path, values } = await filledVault(masterKey);
  const file = fileAt(path, masterKey);
  const good = file.db.prepare<[], Buffer>('SELECT sealed FROM vault_block WHERE block_id = 5').pluck().get();
  const bad = Buffer.from(good ?? '');
  bad[20] = (bad[20] ?? 0) ^ 1;
  const put = file.db.prepare<[Uint8Array]>('UPDATE vault_block SET sealed = ? WHERE block_id = 5');
  put.run(bad);
  await expect(rekeyVault(file)).rejects.toThrow(expect.objectContaining({ code: 'vault-tampered' }));
  expect(file.db.prepare('SELECT 1 FROM data_key WHERE key_id = 2').get()).toBeDefined();
  put.run(good ?? bad);
  expect(await rekeyVault(file)).toMatchObject({ resumed: true, blocks: 16 });
  await expectWhole(path, masterKey, values);
});

test('a full disk stops it, and it goes on when there is space', async () => {
  const { path, values } = await filledVault(masterKey, 20_000);
  const file = fileAt(path, masterKey);
  file.db.pragma('journal_mode = DELETE');
  file.db.pragma('wal_autocheckpoint = 0');
  file.db.close();
  const limited = fileAt(path, masterKey);
  limited.db.pragma(`max_page_count = ${limited.db.pragma('page_count', { simple: true }) as number}`);
  await rekeyVault(limited).catch((error: unknown) => expect(error).toMatchObject({ code: 'vault-unusable' }));
  limited.db.pragma('max_page_count = 1000000');
  await rekeyVault(limited);
  await expectWhole(path, masterKey, values);
});
