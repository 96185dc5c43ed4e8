import { createHmac } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { deriveKey, lengthPrefixed } from '@sdp/shared/crypto';
import { isHashToken, isToken } from '@sdp/shared/tokenization';
import { describe, expect, test } from 'vitest';
import { hasTestData, readTestJson } from '../../../test/support/test-data.ts';
import { openVault } from '../../src/vault/index.ts';
import { newMasterKey, someValues, storeAll, temporaryFolder, vaultAt } from './vault-fixture.ts';

describe('a vault', () => {
  test('gives back what it was given, also after it was closed', async () => {
    const path = join(temporaryFolder(), 'v.db');
    const masterKey = newMasterKey();
    const vault = await vaultAt(path, masterKey);
    const tokens = await storeAll(vault, 'c.email', someValues(1_000));
    const check = (reveal: (token: string) => string | undefined) => {
      for (const [value, token] of tokens) expect(reveal(token)).toBe(value);
    };
    check(vault.revealer());
    await vault.close();
    const again = await openVault({ path, masterKey, readOnly: true });
    check(again.revealer());
    check(again.revealer(['c.email']));
    expect(await again.verify()).toEqual({
      ok: true,
      entries: 1_000,
      blocks: 8,
      damage: [],
      damageCount: 0,
      tombstones: 0,
      reformed: 0,
    });
    await again.close();
  });

  test('the token is HMAC-SHA-256 over version, namespace and value, cut to 128 bits', async () => {
    const masterKey = newMasterKey();
    const vault = await vaultAt(join(temporaryFolder(), 'v.db'), masterKey);
    const mac = createHmac('sha256', deriveKey(masterKey, 'token-v1'));
    const expected = mac
      .update(lengthPrefixed('sdp-token-v1', 'c.email', 'Zoë'))
      .digest('hex')
      .slice(0, 32);
    expect(vault.tokenizer('c.email')('Zoë')).toBe(`tok_${expected}`);
    expect(vault.tokenOf('c.email')('Zoë')).toBe(`tok_${expected}`);
  });

  test('one key gives one token per value, in any run, order and file; another key another', async () => {
    const folder = temporaryFolder();
    const masterKey = newMasterKey();
    const first = await storeAll(await vaultAt(join(folder, 'a.db'), masterKey), 'n', ['x', 'y', 'x']);
    const second = await storeAll(await vaultAt(join(folder, 'b.db'), masterKey), 'n', ['y', 'x']);
    const third = await storeAll(await vaultAt(join(folder, 'a.db'), masterKey), 'n', ['y', 'z', 'x']);
    const other = await storeAll(await vaultAt(join(folder, 'c.db'), newMasterKey()), 'n', ['x']);
    expect(second.get('x')).toBe(first.get('x'));
    expect(third.get('y')).toBe(first.get('y'));
    expect(other.get('x')).not.toBe(first.get('x'));
  });

  test('stores a value once, however often and in however many runs it comes', async () => {
    const path = join(temporaryFolder(), 'v.db');
    const masterKey = newMasterKey();
    for (let run = 0; run < 3; run++) {
      const vault = await vaultAt(path, masterKey);
      const tokenize = vault.tokenizer('n');
      for (let round = 0; round < 3; round++) {
        for (const value of someValues(300)) tokenize(value);
        await vault.flush();
      }
      tokenize(`only in run ${run}`);
      await vault.close();
    }
    const vault = await vaultAt(path, masterKey);
    expect(vault.stats().entries).toBe(303);
    expect(await vault.verify()).toMatchObject({ ok: true, entries: 303 });
  });

  test('namespaces are independent', async () => {
    const vault = await vaultAt(join(temporaryFolder(), 'v.db'), newMasterKey());
    const a = await storeAll(vault, 'a', ['same value']);
    const b = await storeAll(vault, 'b', ['same value']);
    const [tokenA, tokenB] = [a.get('same value') ?? '', b.get('same value') ?? ''];
    expect(tokenA).not.toBe(tokenB);
    expect(vault.revealer(['b'])(tokenA)).toBeUndefined();
    expect(vault.revealer(['b', 'a'])(tokenA)).toBe('same value');
    // Now its block is open, which must not let it out of its namespace.
    expect(vault.revealer(['b'])(tokenA)).toBeUndefined();
    expect(vault.contains('a', [tokenA, tokenB, 'no token', `tok_${'0'.repeat(32)}`])).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(vault.contains('unknown', [tokenA])).toEqual([false]);
    expect(vault.stats().namespaces.map(({ namespace, entries }) => [namespace, entries])).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
  });

  test('a revealer finds what was stored after it was made, also in a new namespace', async () => {
    const vault = await vaultAt(join(temporaryFolder(), 'v.db'), newMasterKey());
    const reveal = vault.revealer();
    const tokens = await storeAll(vault, 'late', ['value']);
    expect(reveal(tokens.get('value') ?? '')).toBe('value');
    expect(reveal('value')).toBeUndefined();
  });

  test('an empty value stays empty and is not stored', async () => {
    const vault = await vaultAt(join(temporaryFolder(), 'v.db'), newMasterKey());
    expect(vault.tokenizer('n')('')).toBe('');
    expect(vault.hasher('n')('')).toBe('');
    expect(vault.tokenOf('n')('')).toBe('');
    await vault.flush();
    expect(vault.stats().entries).toBe(0);
  });

  test('a hash is keyed, stores nothing and tells nothing of the token', async () => {
    const vault = await vaultAt(join(temporaryFolder(), 'v.db'), newMasterKey());
    const hashed = vault.hasher('n')('value');
    expect(isHashToken(hashed)).toBe(true);
    expect(vault.hasher('n')('value')).toBe(hashed);
    expect(vault.hasher('m')('value')).not.toBe(hashed);
    const token = vault.tokenOf('n')('value');
    expect(isToken(token)).toBe(true);
    expect(token.slice(4)).not.toBe(hashed.slice(4));
    await vault.flush();
    expect(vault.stats().entries).toBe(0);
  });

  test('half a surrogate pair is refused: it could not come back as it was', async () => {
    const vault = await vaultAt(join(temporaryFolder(), 'v.db'), newMasterKey());
    const refused = expect.objectContaining({ code: 'csv-encoding' });
    for (const method of [vault.tokenizer('n'), vault.tokenOf('n'), vault.hasher('n')]) {
      expect(() => method('a\ud800b')).toThrow(refused);
    }
  });

  test('holds values of any length: 1 MB, many of them, beside short ones', async () => {
    const vault = await vaultAt(join(temporaryFolder(), 'v.db'), newMasterKey());
    const values = new Set<string>(someValues(500));
    for (let i = 0; i < 12; i++) values.add(`${i}`.padEnd(1_000_000, 'ä€ßx'));
    for (let i = 0; i < 40; i++) values.add(`${i}`.padEnd(30_000 + i, 'y'));
    const tokens = await storeAll(vault, 'n', values);
    const reveal = vault.revealer();
    for (const [value, token] of tokens) expect(reveal(token) === value).toBe(true);
    expect(await vault.verify()).toMatchObject({ ok: true, entries: values.size });
  });

  test('holds more than one batch, drained on the way', async () => {
    const vault = await vaultAt(join(temporaryFolder(), 'v.db'), newMasterKey());
    const tokenize = vault.tokenizer('n');
    let i = 0;
    for (const value of someValues(250_000)) {
      tokenize(value);
      if (++i % 10_000 === 0) await vault.drain();
    }
    await vault.flush();
    expect(await vault.verify()).toMatchObject({ ok: true, entries: 250_000 });
  });

  test('file mode 0600; the log beside it too', async () => {
    const path = join(temporaryFolder(), 'v.db');
    const vault = await vaultAt(path, newMasterKey());
    await storeAll(vault, 'n', ['x']);
    if (process.platform === 'win32') return;
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(`${path}-wal`).mode & 0o777).toBe(0o600);
  });

  test('authenticates documents under a key per label, the same in every vault of the master key', async () => {
    const folder = temporaryFolder();
    const masterKey = newMasterKey();
    const a = await vaultAt(join(folder, 'a.db'), masterKey);
    const b = await vaultAt(join(folder, 'b.db'), masterKey);
    expect(a.authenticate('manifest', 'text')).toMatch(/^[0-9a-f]{64}$/);
    expect(b.authenticate('manifest', Buffer.from('text'))).toBe(a.authenticate('manifest', 'text'));
    expect(a.authenticate('receipt', 'text')).not.toBe(a.authenticate('manifest', 'text'));
    expect(a.authenticate('manifest', 'other')).not.toBe(a.authenticate('manifest', 'text'));
    expect(a.id).not.toBe(b.id);
    expect(a.keyFingerprints()).toEqual(b.keyFingerprints());
  });

  test.skipIf(!hasTestData('json-blns'))(
    'naughty strings (SDP_TEST_DATA/json-blns; skipped where absent) come back as they were',
    async () => {
      const naughty = (readTestJson('json-blns', 'blns.json') as string[]).filter((text) => text !== '');
      expect(naughty.length).toBeGreaterThan(400);
      const vault = await vaultAt(join(temporaryFolder(), 'v.db'), newMasterKey());
      const tokens = await storeAll(vault, 'n', naughty);
      const reveal = vault.revealer();
      for (const value of naughty) expect(reveal(tokens.get(value) ?? '')).toBe(value);
      expect(await vault.verify()).toMatchObject({ ok: true, entries: new Set(naughty).size });
    },
  );
});
