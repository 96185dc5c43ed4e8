import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { backupVault } from '../../../src/vault/maintenance/index.ts';
import { newMasterKey, someValues, storeAll, vaultAt } from '../vault-fixture.ts';
import { expectWhole, fileAt, filledVault } from './maintenance-fixture.ts';

const masterKey = newMasterKey();

test('holds what the vault held, for its owner alone, in one file', async () => {
  const { path, values } = await filledVault(masterKey);
  const output = join(dirname(path), 'backup');
  const vault = await vaultAt(path, masterKey);
  // Still in the write-ahead log.
  for (const [value, token] of await storeAll(vault, 'a', someValues(100, 'late'))) values.set(token, value);
  expect(await backupVault({ vaultPath: path, masterKey, output })).toMatchObject({
    vaultId: vault.id,
    entries: 2_100,
    madeAt: expect.stringMatching(/^20/),
  });
  await storeAll(vault, 'a', someValues(100, 'later'));
  await expectWhole(output, masterKey, values);
  expect(statSync(output).mode & 0o777).toBe(0o600);
  expect(readdirSync(dirname(path)).filter((name) => name.includes('backup') || name.includes('tmp'))).toEqual([
    'backup',
  ]);
});

test('a vault that is damaged gives no backup, and an earlier one stays', async () => {
  const { path } = await filledVault(masterKey);
  const output = join(dirname(path), 'backup');
  writeFileSync(output, 'an earlier one');
  fileAt(path, masterKey).db.exec('UPDATE vault_block SET nonce = zeroblob(12) WHERE block_id = 3');
  await expect(backupVault({ vaultPath: path, masterKey, output })).rejects.toThrow(
    expect.objectContaining({ code: 'vault-tampered' }),
  );
  expect(readFileSync(output, 'utf8')).toBe('an earlier one');
  expect(readdirSync(dirname(path)).some((name) => name.includes('tmp'))).toBe(false);
});

test('a folder that is not there', async () => {
  const { path } = await filledVault(masterKey, 10);
  await expect(
    backupVault({ vaultPath: path, masterKey, output: join(dirname(path), 'none', 'backup') }),
  ).rejects.toThrow(expect.objectContaining({ code: 'output-unwritable' }));
});
