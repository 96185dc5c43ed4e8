import { join } from 'node:path';
import { canonicalizer } from '@sdp/shared/tokenization';
import { expect, test } from 'vitest';
import { forgetEntries } from '../../../src/vault/erasure/index.ts';
import { openVault } from '../../../src/vault/index.ts';
import { mergeVault, retokenVault, rewrapVault } from '../../../src/vault/maintenance/index.ts';
import { openVaultWith } from '../../../src/vault/open-vault.ts';
import type { DigestOverride } from '../../../src/vault/token-digests.ts';
import { newMasterKey, someValues, storeAll, temporaryFolder, vaultAt } from '../vault-fixture.ts';
import { expectWhole, fileAt, filledVault } from './maintenance-fixture.ts';

const masterKey = newMasterKey();

async function newVault(fill: (vault: Awaited<ReturnType<typeof openVault>>) => unknown) {
  const path = join(temporaryFolder(), 'v.db');
  const vault = await openVault({ path, masterKey, create: true });
  await fill(vault);
  await vault.close();
  return path;
}

test('holds what both held; repeated, it changes nothing', async () => {
  const { path, values } = await filledVault(masterKey);
  const from = await newVault(async (vault) => {
    for (const [value, token] of await storeAll(vault, 'a', someValues(1_500, 'a'))) values.set(token, value);
    for (const [value, token] of await storeAll(vault, 'c', someValues(300, 'c'))) values.set(token, value);
  });
  const request = { path, masterKey, from: { path: from, masterKey } };
  expect(await mergeVault(request)).toEqual({ added: 800, known: 1_000, refused: 0, erased: 0 });
  await expectWhole(path, masterKey, values);
  expect(await mergeVault(request)).toEqual({ added: 0, known: 1_800, refused: 0, erased: 0 });
  const vault = await vaultAt(path, masterKey);
  expect(vault.stats().entries).toBe(2_800);
});

test('every kind of namespace comes along, with its canonical form and expiry', async () => {
  const canonical = canonicalizer({ steps: ['trim', 'lower'] });
  const tokens = { random: '', folded: '', surrogate: '' };
  const from = await newVault((vault) => {
    tokens.random = vault.randomTokenizer('r')('one');
    tokens.folded = vault.tokenizer('c', { canonical, expiresDays: 30 })(' Ann ');
    tokens.surrogate = vault.surrogates('s', (_, attempt) => `99${attempt}`)('4111');
  });
  const path = await newVault(() => undefined);
  const request = { path, masterKey, from: { path: from, masterKey } };
  expect(await mergeVault(request)).toMatchObject({ added: 3 });
  expect(await mergeVault(request)).toMatchObject({ added: 0, known: 3 });
  await expectWhole(
    path,
    masterKey,
    new Map([
      [tokens.random, 'one'],
      [tokens.folded, ' Ann '],
    ]),
  );
  const vault = await vaultAt(path, masterKey);
  expect(vault.surrogateRevealer('s')(tokens.surrogate)).toBe('4111');
  expect(vault.tokenizer('c', { canonical, expiresDays: 30 })('ANN')).toBe(tokens.folded);
});

test('another master key is no hindrance, another token key is', async () => {
  const { path, values } = await filledVault(masterKey, 100);
  const from = await newVault((vault) => storeAll(vault, 'c', ['x']));
  const other = newMasterKey();
  rewrapVault(fileAt(from, masterKey), { newMaster: other });
  expect(await mergeVault({ path, masterKey, from: { path: from, masterKey: other } })).toMatchObject({ added: 1 });
  await expectWhole(path, masterKey, values);
  await retokenVault({ path: from, masterKey: other });
  await expect(mergeVault({ path, masterKey, from: { path: from, masterKey: other } })).rejects.toThrow(
    expect.objectContaining({ code: 'vault-mismatch' }),
  );
});

test('a namespace of another kind, a surrogate or a token for two values: nothing is changed', async () => {
  const path = await newVault((vault) => {
    vault.tokenizer('kind')('x');
    vault.surrogates('s', () => '990')('mine');
  });
  const cases: [string, string][] = [
    [await newVault((vault) => void vault.randomTokenizer('kind')('x')), 'namespace-mismatch'],
    [await newVault((vault) => void vault.surrogates('s', () => '990')('theirs')), 'vault-mismatch'],
  ];
  const before = (await vaultAt(path, masterKey)).stats();
  for (const [from, code] of cases) {
    await expect(mergeVault({ path, masterKey, from: { path: from, masterKey } })).rejects.toThrow(
      expect.objectContaining({ code }),
    );
  }
  expect((await vaultAt(path, masterKey)).stats()).toEqual(before);
});

test('a vault that is damaged is not taken in', async () => {
  const { path, values } = await filledVault(masterKey, 100);
  const from = await newVault((vault) => storeAll(vault, 'c', someValues(500)));
  fileAt(from, masterKey).db.exec('UPDATE vault_block SET nonce = zeroblob(12) WHERE block_id = 3');
  await expect(mergeVault({ path, masterKey, from: { path: from, masterKey } })).rejects.toThrow(
    expect.objectContaining({ code: 'vault-tampered' }),
  );
  await expectWhole(path, masterKey, values);
});

test('stopped in between, it goes on', async () => {
  const { path, values } = await filledVault(masterKey, 100);
  const from = await newVault(async (vault) => {
    for (const [value, token] of await storeAll(vault, 'c', someValues(230_000, 'c'))) values.set(token, value);
  });
  const request = { path, masterKey, from: { path: from, masterKey } };
  const controller = new AbortController();
  const stopped = new Error('stopped');
  const onProgress = (done: number) => (done > 1_700 ? controller.abort(stopped) : undefined);
  await expect(mergeVault(request, { onProgress, signal: controller.signal })).rejects.toBe(stopped);
  const { added, known } = await mergeVault(request);
  expect([added > 0, known > 0, added + known]).toEqual([true, true, 230_000]);
  await expectWhole(path, masterKey, values);
}, 60_000);

test('what either vault has erased stays erased, but a value tokenized again afterwards stays', async () => {
  const shared = someValues(300, 'shared');
  const values = [...shared];
  const [path, from] = [
    await newVault((v) => storeAll(v, 'a', values)),
    await newVault((v) => storeAll(v, 'a', values)),
  ];
  const forget = (vaultPath: string, forgotten: string[]) =>
    forgetEntries({ path: vaultPath, masterKey }, { tokens: [], values: forgotten }, 'test');
  forget(path, [values[0] ?? '', values[1] ?? '']);
  forget(from, [values[2] ?? '', values[3] ?? '']);
  const again = await openVault({ path, masterKey });
  await storeAll(again, 'a', [values[1] ?? '']);
  await again.close();
  const request = { path, masterKey, from: { path: from, masterKey } };
  expect(await mergeVault(request)).toEqual({ added: 0, known: 297, refused: 1, erased: 2 });
  const vault = await vaultAt(path, masterKey);
  expect(await vault.verify()).toMatchObject({ ok: true, entries: 297, tombstones: 8 });
  const reveal = vault.revealer();
  const revealed = values.slice(0, 4).map((value) => reveal(vault.tokenOf('a')(value)));
  expect(revealed).toEqual([undefined, values[1], undefined, undefined]);
  // Tokenized again after the merge it stays, although the other vault goes on remembering its erasure.
  await storeAll(vault, 'a', [values[2] ?? '']);
  expect(await mergeVault(request)).toMatchObject({ erased: 0 });
  expect(reveal(vault.tokenOf('a')(values[2] ?? ''))).toBe(values[2]);
});

test('two values with one token stop it', async () => {
  const path = await newVault(() => undefined);
  const from = await newVault(() => undefined);
  // The token of one value, with the tail of another.
  const forced: DigestOverride = (_, digest) => (value) => digest('same').slice(0, 32) + digest(value).slice(32);
  for (const [vaultPath, value] of [
    [path, 'one'],
    [from, 'two'],
  ] as const) {
    const vault = await openVaultWith({ path: vaultPath, masterKey }, forced);
    await storeAll(vault, 'a', [value]);
    await vault.close();
  }
  // The other vault is not whole by the real digest, so that is what is said.
  await expect(mergeVault({ path, masterKey, from: { path: from, masterKey } })).rejects.toThrow(
    expect.objectContaining({ code: 'vault-tampered' }),
  );
  const canonical = canonicalizer({ steps: ['trim'] });
  const third = await newVault((vault) => void vault.tokenizer('c', { canonical })('same '));
  const fourth = await newVault((vault) => void vault.tokenizer('c', { canonical })('same'));
  fileAt(fourth, masterKey).db.exec(`UPDATE token_vault SET tail = x'00000000'`);
  await expect(mergeVault({ path: fourth, masterKey, from: { path: third, masterKey } })).rejects.toThrow(
    expect.objectContaining({ code: 'token-collision' }),
  );
});
