import { keyFingerprint } from '@sdp/shared/crypto';
import { expect, test } from 'vitest';
import { openVault } from '../../../src/vault/index.ts';
import { rekeyVault, rewrapVault } from '../../../src/vault/maintenance/index.ts';
import { newMasterKey, vaultAt } from '../vault-fixture.ts';
import { expectWhole, fileAt, filledVault, standsInFiles } from './maintenance-fixture.ts';

const [oldKey, newKey] = [newMasterKey(), newMasterKey()];

test('the new key alone opens the vault; tokens and values stay', async () => {
  const { path, values } = await filledVault(oldKey);
  const file = fileAt(path, oldKey);
  const wrapped = file.db.prepare<[], Buffer>('SELECT wrapped FROM data_key').pluck().all();
  expect(wrapped.every((bytes) => standsInFiles(path, bytes))).toBe(true);
  expect(rewrapVault(file, { newMaster: newKey })).toEqual({ changed: true, keys: wrapped.length });
  file.db.close();
  expect(wrapped.some((bytes) => standsInFiles(path, bytes))).toBe(false);
  await expect(openVault({ path, masterKey: oldKey })).rejects.toThrow(
    expect.objectContaining({ code: 'vault-wrong-key' }),
  );
  await expectWhole(path, newKey, values);
  const vault = await vaultAt(path, newKey);
  for (const [token, value] of values) expect([vault.tokenOf('a')(value), vault.tokenOf('b')(value)]).toContain(token);
});

test('fingerprints of past keys stay; a second run changes nothing', async () => {
  const { path } = await filledVault(oldKey, 10);
  rewrapVault(fileAt(path, oldKey), { newMaster: newKey });
  expect(rewrapVault(fileAt(path, newKey), { newMaster: newKey })).toMatchObject({ changed: false });
  const third = newMasterKey();
  rewrapVault(fileAt(path, newKey), { newMaster: third });
  const vault = await vaultAt(path, third);
  expect(vault.keyFingerprints()).toEqual([third, newKey, oldKey].map((key) => keyFingerprint(key)));
});

test('a run that is open goes on, but a key that was made since under the new master key stops it', async () => {
  const { path, values } = await filledVault(oldKey, 10);
  const running = await vaultAt(path, oldKey);
  rewrapVault(fileAt(path, oldKey), { newMaster: newKey });
  const token = running.tokenizer('a')('while rewrapped');
  await running.flush();
  await expectWhole(path, newKey, values.set(token, 'while rewrapped'));
  await rekeyVault(fileAt(path, newKey));
  running.tokenizer('a')('after the rekey');
  await expect(running.flush()).rejects.toThrow(expect.objectContaining({ code: 'vault-keys-changed' }));
});

test('a key that leaked is remembered until all is done', async () => {
  const { path } = await filledVault(oldKey, 10);
  const before = fileAt(path, oldKey);
  expect(() => rewrapVault(before, { newMaster: oldKey, compromised: true })).toThrow(
    expect.objectContaining({ code: 'vault-mismatch' }),
  );
  rewrapVault(before, { newMaster: newKey, compromised: true });
  expect(fileAt(path, newKey).keys.leak).toMatchObject({ pending: ['rekey', 'retoken'] });
  await rekeyVault(fileAt(path, newKey));
  expect(fileAt(path, newKey).keys.leak).toMatchObject({ pending: ['retoken'] });
});

test('that it leaked may be said later as well', async () => {
  const { path } = await filledVault(oldKey, 10);
  rewrapVault(fileAt(path, oldKey), { newMaster: newKey });
  expect(rewrapVault(fileAt(path, newKey), { newMaster: newKey, compromised: true })).toMatchObject({ changed: false });
  expect(fileAt(path, newKey).keys.leak?.pending).toEqual(['rekey', 'retoken']);
});
