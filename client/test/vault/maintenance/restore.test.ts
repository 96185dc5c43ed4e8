import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { forgetEntries } from '../../../src/vault/erasure/index.ts';
import { openVault } from '../../../src/vault/index.ts';
import { backupVault, rekeyVault, restoreVault, rewrapVault } from '../../../src/vault/maintenance/index.ts';
import { newMasterKey, someValues, storeAll, vaultAt } from '../vault-fixture.ts';
import { expectWhole, fileAt, filledVault } from './maintenance-fixture.ts';

const masterKey = newMasterKey();

async function backedUp(count = 300) {
  const { path, values } = await filledVault(masterKey, count);
  const input = join(dirname(path), 'backup');
  await backupVault({ vaultPath: path, masterKey, output: input });
  return { path, values, request: { input, inputKey: masterKey, vaultPath: path, masterKey, confirmed: false } };
}

const needsYes = expect.objectContaining({ code: 'confirmation-needed' });

test('where no vault is, it gets one', async () => {
  const { path, values, request } = await backedUp();
  const vaultPath = join(dirname(path), 'other.db');
  expect(await restoreVault({ ...request, vaultPath })).toMatchObject({ present: 'none', lost: 0, erased: 0 });
  await expectWhole(vaultPath, masterKey, values);
  expect(fileAt(vaultPath, masterKey).keys.vaultId).toBe(fileAt(path, masterKey).keys.vaultId);
  expect(readdirSync(dirname(path)).filter((name) => name.includes('tmp'))).toEqual([]);
});

test('takes the place of a vault that others have open', async () => {
  const { path, values, request } = await backedUp();
  const running = await vaultAt(path, masterKey);
  expect(await restoreVault(request)).toMatchObject({ present: 'usable', lost: 0 });
  for (const [value, token] of await storeAll(running, 'a', someValues(50, 'later'))) values.set(token, value);
  await expectWhole(path, masterKey, values);
});

test('entries that the backup lacks are lost on request alone', async () => {
  const { path, values, request } = await backedUp();
  const vault = await openVault({ path, masterKey });
  const later = await storeAll(vault, 'a', someValues(50, 'later'));
  await vault.close();
  await rekeyVault(fileAt(path, masterKey));
  await expect(restoreVault(request)).rejects.toThrow(needsYes);
  const all = new Map([...values, ...[...later].map(([value, token]) => [token, value] as const)]);
  await expectWhole(path, masterKey, all);
  expect(await restoreVault({ ...request, confirmed: true })).toMatchObject({ lost: 50 });
  await expectWhole(path, masterKey, values);
  const restored = await vaultAt(path, masterKey);
  expect(restored.stats()).toMatchObject({ entries: 600 });
});

test('what was forgotten since the backup stays so', async () => {
  const { path, values, request } = await backedUp();
  const [token = '', value = ''] = [...values][5] ?? [];
  forgetEntries({ path, masterKey }, { tokens: [], values: [value] }, 'test');
  expect(await restoreVault(request)).toMatchObject({ erased: 1, lost: 0 });
  values.delete(token);
  await expectWhole(path, masterKey, values);
  const vault = await vaultAt(path, masterKey);
  expect(vault.revealer()(token)).toBeUndefined();
  expect(vault.stats().entries).toBe(599);
});

test('a backup of an earlier master key comes under the present one; one that leaked asks for new keys', async () => {
  const { path, values, request } = await backedUp();
  const next = newMasterKey();
  rewrapVault(fileAt(path, masterKey), { newMaster: next, compromised: true });
  await rekeyVault(fileAt(path, next));
  await expect(restoreVault({ ...request, inputKey: next, masterKey: next })).rejects.toThrow(
    expect.objectContaining({ code: 'vault-wrong-key' }),
  );
  await restoreVault({ ...request, masterKey: next });
  await expectWhole(path, next, values);
  expect(fileAt(path, next).keys.leak?.pending).toEqual(['rekey', 'retoken']);
});

test('a vault that cannot be read is put aside, on request', async () => {
  const { path, values, request } = await backedUp();
  writeFileSync(path, readFileSync(path).subarray(0, 5_000));
  await expect(restoreVault(request)).rejects.toThrow(needsYes);
  const { present, movedTo } = await restoreVault({ ...request, confirmed: true });
  expect(present).toBe('unusable');
  expect(existsSync(movedTo ?? '')).toBe(true);
  await expectWhole(path, masterKey, values);
});

test('a backup with a bit flipped anywhere changes nothing', async () => {
  const { path, values, request } = await backedUp(40);
  const bytes = readFileSync(request.input);
  let refused = 0;
  // Most of a small vault's pages are empty.
  const used = [...bytes.keys()].filter((at) => bytes[at] !== 0);
  for (let i = 1; i < 25; i++) {
    const at = used[Math.floor((used.length * i) / 25)] ?? 0;
    const bad = Buffer.from(bytes);
    bad[at] = (bad[at] ?? 0) ^ 4;
    writeFileSync(request.input, bad);
    await restoreVault(request).then(
      () => undefined,
      (error: unknown) => {
        expect(error).toMatchObject({ name: expect.stringMatching(/IntegrityError|VaultError/) });
        refused += 1;
      },
    );
    // Where it went through the bit stood in a place that holds nothing.
    await expectWhole(path, masterKey, values);
  }
  expect(refused).toBeGreaterThan(15);
}, 60_000);

test('a run that used entries which a restore gives up is stopped before it can publish', async () => {
  const { path, request } = await backedUp();
  const [writing, idle] = [await vaultAt(path, masterKey), await vaultAt(path, masterKey)];
  await storeAll(writing, 'a', someValues(50, 'later'));
  await storeAll(idle, 'b', someValues(50, 'later'));
  expect(await restoreVault({ ...request, confirmed: true })).toMatchObject({ lost: 100 });
  // Neither with a value that it believes to be there, nor with nothing more to store.
  writing.tokenizer('a')('later still');
  const isStopped = expect.objectContaining({ code: 'vault-keys-changed' });
  await expect(writing.flush()).rejects.toThrow(isStopped);
  await expect(idle.flush()).rejects.toThrow(isStopped);
  const again = await vaultAt(path, masterKey);
  await storeAll(again, 'a', someValues(50, 'later'));
});

test('what is erased or stored while a restore is under way is obeyed and counted', async () => {
  const { path, values, request } = await backedUp();
  const [token = '', value = ''] = [...values][5] ?? [];
  let interfere = true;
  const meanwhile = () => {
    if (interfere) forgetEntries({ path, masterKey }, { tokens: [], values: [value] }, 'test');
    interfere = false;
  };
  // Asked for between the look at the present vault and the transaction that replaces it.
  const signal = Object.assign(new AbortController().signal, { throwIfAborted: meanwhile });
  const { onProgress } = { onProgress: () => undefined };
  expect(await restoreVault(request, { onProgress, signal })).toMatchObject({ present: 'usable', erased: 1 });
  expect(interfere).toBe(false);
  values.delete(token);
  await expectWhole(path, masterKey, values);
  const vault = await vaultAt(path, masterKey);
  expect(vault.revealer()(token)).toBeUndefined();
});
