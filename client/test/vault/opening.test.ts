import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { keyFingerprint } from '@sdp/shared/crypto';
import Sqlite from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { openVault } from '../../src/vault/index.ts';
import { newMasterKey, storeAll, temporaryFolder, vaultAt } from './vault-fixture.ts';

const masterKey = newMasterKey();

async function codeOf(path: string, options: { key?: typeof masterKey; create?: boolean } = {}): Promise<string> {
  try {
    const vault = await openVault({ path, masterKey: options.key ?? masterKey, create: options.create ?? false });
    await vault.close();
    return 'opened';
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
}

async function closedVault(): Promise<string> {
  const path = join(temporaryFolder(), 'v.db');
  const vault = await vaultAt(path, masterKey);
  await storeAll(vault, 'n', ['a', 'b', 'c']);
  await vault.close();
  return path;
}

function change(path: string, sql: string): void {
  const db = new Sqlite(path);
  db.exec(sql);
  db.close();
}

describe('opening tells apart', () => {
  test('nothing there', async () => {
    const path = join(temporaryFolder(), 'none.db');
    expect(await codeOf(path)).toMatch(/^vault-not-found/);
    expect(existsSync(path)).toBe(false);
  });

  test('a folder, and a place where no file can be made', async () => {
    const folder = temporaryFolder();
    expect(await codeOf(folder)).toMatch(/^vault-not-a-vault/);
    expect(await codeOf(folder, { create: true })).toMatch(/^vault-not-a-vault/);
    expect(await codeOf(join(folder, 'missing', 'v.db'), { create: true })).toMatch(/^vault-unusable/);
  });

  test('other files', async () => {
    const folder = temporaryFolder();
    const text = join(folder, 'text.csv');
    writeFileSync(text, 'id,name\n1,x\n'.repeat(200));
    expect(await codeOf(text, { create: true })).toMatch(/^vault-not-a-vault/);
    const empty = join(folder, 'empty');
    writeFileSync(empty, '');
    expect(await codeOf(empty)).toMatch(/^vault-not-a-vault/);
    const other = join(folder, 'other.db');
    change(other, 'CREATE TABLE t (x)');
    expect(await codeOf(other, { create: true })).toMatch(/^vault-not-a-vault: .*not an SDP vault/);
  });

  test('the wrong key', async () => {
    const path = await closedVault();
    expect(await codeOf(path, { key: newMasterKey() })).toMatch(/^vault-wrong-key/);
    expect(await codeOf(path, { key: newMasterKey(), create: true })).toMatch(/^vault-wrong-key/);
    expect(await codeOf(path)).toBe('opened');
  });

  test('a newer version', async () => {
    const path = await closedVault();
    change(path, 'PRAGMA user_version = 3');
    expect(await codeOf(path)).toMatch(/^vault-not-a-vault: .*newer version/);
  });

  test.each([
    ['another id', `UPDATE vault_meta SET value = x'6162' WHERE name = 'vault_id'`],
    ['no id', `DELETE FROM vault_meta WHERE name = 'vault_id'`],
    ['another fingerprint', `UPDATE vault_meta SET value = x'6162' WHERE name = 'master_fingerprint'`],
    ['something more in its description', `INSERT INTO vault_meta VALUES ('extra', x'00')`],
    ['no state', `DELETE FROM vault_meta WHERE name = 'state'`],
    ['a state of zeros', `UPDATE vault_meta SET value = zeroblob(200) WHERE name = 'state'`],
    ['a key less', `DELETE FROM data_key WHERE purpose = 'hash'`],
    ['a key more', `INSERT INTO data_key SELECT 99, purpose, state, nonce, wrapped FROM data_key WHERE key_id = 1`],
    ['a key in another state', `UPDATE data_key SET state = 'retired' WHERE purpose = 'data'`],
    [
      'two keys exchanged',
      `UPDATE data_key SET purpose = iif(purpose = 'token', 'hash', 'token') WHERE purpose IN ('token', 'hash')`,
    ],
    ['a key of zeros', `UPDATE data_key SET wrapped = zeroblob(48) WHERE purpose = 'token'`],
    ['a namespace renamed', `UPDATE namespace SET name = 'm'`],
    ['a namespace less', 'DELETE FROM namespace'],
    ['a trigger', 'CREATE TRIGGER t AFTER INSERT ON vault_block BEGIN DELETE FROM token_vault; END'],
    ['a table more', 'CREATE TABLE extra (x)'],
    ['a table less', 'DROP TABLE token_vault'],
  ])('a vault with %s', async (_, sql) => {
    const path = await closedVault();
    change(path, sql);
    expect(await codeOf(path)).toMatch(/^vault-tampered/);
  });

  test('a copy with the wrong key and with a changed description is still the wrong key', async () => {
    const path = await closedVault();
    const copy = `${path}.copy`;
    copyFileSync(path, copy);
    change(copy, `UPDATE vault_meta SET value = x'6162' WHERE name = 'master_fingerprint'`);
    expect(await codeOf(copy, { key: newMasterKey() })).toMatch(/^vault-wrong-key/);
  });
});

describe('opening', () => {
  test('makes a vault only if asked to', async () => {
    const path = join(temporaryFolder(), 'v.db');
    expect(await codeOf(path, { create: true })).toBe('opened');
    expect(await codeOf(path)).toBe('opened');
  });

  test('goes on after a crash that left an empty file', async () => {
    const path = join(temporaryFolder(), 'v.db');
    writeFileSync(path, '');
    expect(await codeOf(path, { create: true })).toBe('opened');
  });

  test('makes one vault when many ask for it at once', async () => {
    const path = join(temporaryFolder(), 'v.db');
    const vaults = await Promise.all(Array.from({ length: 8 }, () => vaultAt(path, masterKey)));
    expect(new Set(vaults.map(({ id }) => id)).size).toBe(1);
  });

  test('remembers the master key by its fingerprint', async () => {
    const vault = await vaultAt(join(temporaryFolder(), 'v.db'), masterKey);
    expect(vault.keyFingerprints()).toEqual([keyFingerprint(masterKey)]);
  });

  test('for reading alone: reveals, but takes nothing and changes no file', async () => {
    const path = await closedVault();
    const before = readFileSync(path);
    const vault = await openVault({ path, masterKey, readOnly: true, create: true });
    expect(vault.contains('n', [vault.tokenOf('n')('a')])).toEqual([true]);
    expect(() => vault.tokenizer('n')).toThrow(expect.objectContaining({ code: 'vault-unusable' }));
    expect(await vault.verify()).toMatchObject({ ok: true });
    await vault.close();
    await vault.close();
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(dirname(path))).toEqual(['v.db']);
    const missing = join(temporaryFolder(), 'none.db');
    await expect(openVault({ path: missing, masterKey, readOnly: true, create: true })).rejects.toThrow(
      expect.objectContaining({ code: 'vault-not-found' }),
    );
  });
});
