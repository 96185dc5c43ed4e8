import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { today } from '../../../src/vault/entry-days.ts';
import { sweepVault } from '../../../src/vault/erasure/index.ts';
import { newMasterKey, someValues, storeAll, temporaryFolder, vaultAt } from '../vault-fixture.ts';

const masterKey = newMasterKey();
const newPath = () => join(temporaryFolder(), 'v.db');

describe('sweep', () => {
  test('erases what has not been tokenized for as long as its namespace says, and nothing else', async () => {
    const path = newPath();
    const vault = await vaultAt(path, masterKey);
    const forever = await storeAll(vault, 'forever', someValues(200));
    await storeAll(vault, 'n', someValues(100, 'undated'));
    const tokenize = vault.tokenizer('n', { expiresDays: 30 });
    for (const value of someValues(40_000)) tokenize(value);
    await vault.close();
    const place = { path, masterKey };
    expect(await sweepVault(place)).toMatchObject({ expired: 0, namespaces: [{ namespace: 'n', expiresDays: 30 }] });
    expect(await sweepVault(place, { day: today() + 29 })).toMatchObject({ expired: 0 });
    const dry = await sweepVault(place, { day: today() + 30, dryRun: true });
    expect(dry).toMatchObject({ expired: 40_100, namespaces: [{ entries: 40_100, expired: 40_100 }] });
    const seen: number[] = [];
    const swept = await sweepVault(place, { day: today() + 30, onProgress: (done) => seen.push(done) });
    expect(swept).toMatchObject({ expired: 40_100, logCleared: true, namespaces: [{ entries: 0 }] });
    expect(seen.length).toBeGreaterThan(2);
    const again = await vaultAt(path, masterKey);
    expect(await again.verify()).toMatchObject({ ok: true, entries: 200, tombstones: 0 });
    expect(again.stats().namespaces).toMatchObject([{}, { namespace: 'n', entries: 0, blocks: 0, expired: 40_100 }]);
    for (const [value, token] of forever) if (again.revealer()(token) !== value) expect.fail('a value is missing');
    await storeAll(again, 'n', someValues(10));
    expect(await again.verify()).toMatchObject({ ok: true, entries: 210 });
  }, 60_000);

  test('leaves the places of surrogates taken', async () => {
    const path = newPath();
    const vault = await vaultAt(path, masterKey);
    const candidate = (value: string, attempt: number) => (attempt === 0 ? 'first' : `${value} ${attempt}`);
    expect(vault.surrogates('s', candidate, { expiresDays: 1 })('a')).toBe('first');
    await vault.close();
    expect(await sweepVault({ path, masterKey }, { day: today() + 1 })).toMatchObject({ expired: 1 });
    const again = await vaultAt(path, masterKey);
    const make = again.surrogates('s', candidate);
    expect(make('b')).toBe('b 1');
    expect(make('a')).toBe('a 1');
    await again.flush();
    expect(await again.verify()).toMatchObject({ ok: true, entries: 2, tombstones: 1 });
  });

  test('stops when asked to, and goes on the next time', async () => {
    const path = newPath();
    const vault = await vaultAt(path, masterKey);
    const tokenize = vault.tokenizer('n', { expiresDays: 1 });
    for (const value of someValues(50_000)) tokenize(value);
    await vault.close();
    const controller = new AbortController();
    const request = {
      day: today() + 1,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('stop')),
    };
    await expect(sweepVault({ path, masterKey }, request)).rejects.toThrow('stop');
    const half = await vaultAt(path, masterKey);
    const { entries } = half.stats();
    expect(entries).toBe(50_000 - 16_384);
    expect(await half.verify()).toMatchObject({ ok: true });
    await half.close();
    expect(await sweepVault({ path, masterKey }, { day: today() + 1 })).toMatchObject({ expired: entries });
  }, 60_000);
});
