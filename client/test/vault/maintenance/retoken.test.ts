import { readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { canonicalizer, type Token } from '@sdp/shared/tokenization';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { forgetEntries } from '../../../src/vault/erasure/index.ts';
import { openVault } from '../../../src/vault/index.ts';
import { retokenVault, rewrapVault } from '../../../src/vault/maintenance/index.ts';
import { newMasterKey, someValues, storeAll, temporaryFolder, vaultAt } from '../vault-fixture.ts';
import { expectWhole, fileAt, filledVault } from './maintenance-fixture.ts';

const masterKey = newMasterKey();

/** What the map says: old token → new token. */
function mapAt(path: string): Map<string, string> {
  const rows = parse(readFileSync(path), { columns: true }) as { old_token: string; new_token: string }[];
  return new Map(rows.map((row) => [row.old_token, row.new_token]));
}

function renamed(values: Map<string, string>, map: Map<string, string>): Map<string, string> {
  return new Map([...values].map(([token, value]) => [map.get(token) ?? expect.fail('not in the map'), value]));
}

test('every value gets a new token, the old ones lead to nothing, and the map says which became which', async () => {
  const { path, values } = await filledVault(masterKey);
  const mapPath = join(dirname(path), 'map.csv');
  const outcome = await retokenVault({ path, masterKey, mapPath });
  expect(outcome).toMatchObject({ resumed: false, tokens: 2_000, merged: 0, surrogates: 0 });
  expect(statSync(mapPath).mode & 0o777).toBe(0o600);
  const map = mapAt(mapPath);
  expect(map.size).toBe(2_000);
  const now = renamed(values, map);
  await expectWhole(path, masterKey, now);
  const vault = await vaultAt(path, masterKey);
  const reveal = vault.revealer();
  for (const token of values.keys()) expect(reveal(token)).toBeUndefined();
  for (const [token, value] of [...now].slice(0, 1_000)) expect(vault.tokenOf('a')(value)).toBe(token);
  // Tokenizing the same values again finds them.
  await storeAll(vault, 'a', someValues(1_000, 'a'));
  expect(vault.stats().entries).toBe(2_000);
});

test('another machine’s vault no longer gives the same tokens', async () => {
  const { path } = await filledVault(masterKey, 10);
  const other = await vaultAt(join(temporaryFolder(), 'v.db'), masterKey);
  await retokenVault({ path, masterKey });
  const vault = await vaultAt(path, masterKey);
  expect(vault.tokenOf('a')('x')).not.toBe(other.tokenOf('a')('x'));
});

test('random tokens are drawn anew, canonical forms and expiry stay, surrogates and hashes are left', async () => {
  const path = join(temporaryFolder(), 'v.db');
  const vault = await openVault({ path, masterKey, create: true });
  const canonical = canonicalizer({ steps: ['trim', 'lower'] });
  const random = vault.randomTokenizer('r')('one');
  const folded = vault.tokenizer('c', { canonical, expiresDays: 30 })(' Ann ');
  const surrogate = vault.surrogates('s', (_, attempt) => `99${attempt}`)('4111');
  const hash = vault.hasher('h')('x');
  await vault.close();
  const mapPath = join(dirname(path), 'map.csv');
  expect(await retokenVault({ path, masterKey, mapPath })).toMatchObject({ tokens: 2, surrogates: 1 });
  const map = mapAt(mapPath);
  const [newRandom, newFolded] = [map.get(random) ?? '', map.get(folded) ?? ''];
  await expectWhole(
    path,
    masterKey,
    new Map([
      [newRandom, 'one'],
      [newFolded, ' Ann '],
    ]),
  );
  const after = await vaultAt(path, masterKey);
  expect(after.tokenizer('c', { canonical, expiresDays: 30 })('ANN')).toBe(newFolded);
  expect(after.surrogateRevealer('s')(surrogate)).toBe('4111');
  expect(after.surrogates('s', (_, attempt) => `99${attempt}`)('4111')).toBe(surrogate);
  expect(after.hasher('h')('x')).toBe(hash);
});

describe('stopped in between', () => {
  async function stopped(mapName?: string) {
    const { path, values } = await filledVault(masterKey, 20_000);
    const mapPath = mapName && join(dirname(path), mapName);
    const controller = new AbortController();
    const run = retokenVault(
      { path, masterKey, ...(mapPath && { mapPath }) },
      { onProgress: () => controller.abort(new Error('stopped')), signal: controller.signal },
    );
    await expect(run).rejects.toThrow('stopped');
    return { path, values, mapPath: mapPath ?? '' };
  }

  test('the vault is whole; what is tokenized meanwhile meets its old entry', async () => {
    const { path, values, mapPath } = await stopped('map.csv');
    const vault = await vaultAt(path, masterKey);
    expect(await vault.verify()).toMatchObject({ ok: true, entries: 40_000 });
    // The last ones are not changed yet: for now they are there twice.
    const again = await storeAll(vault, 'b', someValues(20_000, 'b'));
    expect(vault.stats().entries).toBeGreaterThan(40_000);
    expect(await vault.verify()).toMatchObject({ ok: true });
    const outcome = await retokenVault({ path, masterKey, mapPath });
    expect(outcome.resumed).toBe(true);
    expect(outcome.merged).toBeGreaterThan(0);
    const now = renamed(values, mapAt(mapPath));
    await expectWhole(path, masterKey, now);
    for (const [value, token] of again) if (now.get(token) !== value) expect.fail('two tokens for one value');
    expect(vault.stats().entries).toBe(40_000);
  });

  test('a value that is to be forgotten might not be found: refused until it is done', async () => {
    const { path, values } = await stopped();
    const selection = { tokens: [], values: [...values.values()].slice(-1) };
    expect(() => forgetEntries({ path, masterKey }, selection, 'test')).toThrow(
      expect.objectContaining({ code: 'vault-unusable' }),
    );
    await retokenVault({ path, masterKey });
    expect(forgetEntries({ path, masterKey }, selection, 'test')).toMatchObject({ entries: 1 });
  });

  test('a map that was begun has to be named again, and none can be begun', async () => {
    const withMap = await stopped('map.csv');
    const refused = expect.objectContaining({ code: 'usage-invalid' });
    await expect(retokenVault({ path: withMap.path, masterKey })).rejects.toThrow(refused);
    const elsewhere = join(dirname(withMap.path), 'other.csv');
    await expect(retokenVault({ path: withMap.path, masterKey, mapPath: elsewhere })).rejects.toThrow(
      expect.objectContaining({ code: 'file-not-found' }),
    );
    const without = await stopped();
    await expect(retokenVault({ path: without.path, masterKey, mapPath: elsewhere })).rejects.toThrow(refused);
    await retokenVault({ path: without.path, masterKey });
  });
});

test('a run that tokenizes with the former key is stopped, and stores nothing more', async () => {
  const { path } = await filledVault(masterKey, 100);
  const running = await openVault({ path, masterKey });
  await retokenVault({ path, masterKey });
  running.tokenizer('a')('late');
  await expect(running.flush()).rejects.toThrow(expect.objectContaining({ code: 'vault-keys-changed' }));
  await expect(running.close()).rejects.toThrow();
  const vault = await vaultAt(path, masterKey);
  expect(vault.contains('a', [vault.tokenOf('a')('late') as Token])).toEqual([false]);
  expect(await vault.verify()).toMatchObject({ ok: true, entries: 200 });
});

test('ends what a leak asks for', async () => {
  const { path } = await filledVault(masterKey, 10);
  const next = newMasterKey();
  rewrapVault(fileAt(path, masterKey), { newMaster: next, compromised: true });
  await retokenVault({ path, masterKey: next });
  expect(fileAt(path, next).keys.leak?.pending).toEqual(['rekey']);
});
