import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { vaultCommand } from '../../src/commands/vault/index.ts';
import { generateMasterKeyText, loadMasterKey } from '../../src/keys/index.ts';
import { openVault } from '../../src/vault/index.ts';
import { runCommand, temporaryFolder } from '../support/run-command.ts';

const folder = temporaryFolder();
const cwd = folder.path;
const env = { SDP_CRYPTO_KEY: generateMasterKeyText() };

beforeAll(async () => {
  for (const name of ['token_vault.db', 'damaged.db']) {
    const vault = await openVault({
      path: join(cwd, name),
      masterKey: await loadMasterKey({ env, cwd }),
      create: true,
    });
    const email = vault.tokenizer('customers.email');
    for (let i = 0; i < 300; i++) email(`canary${i}@example.org`);
    vault.tokenizer('customers.name')('Canary');
    await vault.close();
  }
  const db = new Sqlite(join(cwd, 'damaged.db'));
  db.exec('DELETE FROM token_vault WHERE namespace_id = 2');
  db.close();
});
afterAll(() => folder.remove());

describe('vault stats', () => {
  test('prints counts by namespace and key', async () => {
    const { stdout, stderr, error } = await runCommand(vaultCommand, ['stats'], { env, cwd });
    expect(error).toBeUndefined();
    expect(stderr).toBe('');
    expect(stdout).toMatch(/301 entries in 4 blocks/);
    expect(stdout).toMatch(/customers\.email\s+token\s+–\s+never\s+300\s+3/);
    expect(stdout).toMatch(/active\s+4\s+2,147,483,648/);
    expect(stdout).not.toMatch(/canary/i);
  });

  test('--json is one object', async () => {
    const { json } = await runCommand(vaultCommand, ['stats', '--json'], { env, cwd });
    expect(json).toMatchObject({
      schema_version: 2,
      entries: 301,
      blocks: 4,
      namespaces: [
        { namespace: 'customers.email', kind: 'token', canonical: '', expires_days: null, entries: 300, blocks: 3 },
        { namespace: 'customers.name', entries: 1, blocks: 1 },
      ],
      keys: [{ state: 'active', encryptions: 4 }],
    });
  });

  test('takes the vault from --vault or SDP_VAULT', async () => {
    const named = await runCommand(vaultCommand, ['stats', '--vault', 'none.db'], { env, cwd });
    expect(named.error).toMatchObject({ code: 'vault-not-found', exitStatus: 5 });
    const set = await runCommand(vaultCommand, ['stats'], { env: { ...env, SDP_VAULT: 'none.db' }, cwd });
    expect(set.error).toMatchObject({ code: 'vault-not-found' });
  });

  test('tells a missing from a wrong key', async () => {
    expect((await runCommand(vaultCommand, ['stats'], { cwd })).error).toMatchObject({ code: 'key-missing' });
    const other = { SDP_CRYPTO_KEY: generateMasterKeyText() };
    expect((await runCommand(vaultCommand, ['stats'], { env: other, cwd })).error).toMatchObject({
      code: 'vault-wrong-key',
    });
  });
});

describe('vault verify', () => {
  test('says that the vault is whole', async () => {
    const { stdout, json } = await runCommand(vaultCommand, ['verify', '--json'], { env, cwd });
    expect(json).toEqual({ ok: true, entries: 301, blocks: 4, damage: [] });
    expect(stdout).not.toMatch(/canary/i);
    const text = await runCommand(vaultCommand, ['verify'], { env, cwd });
    expect(text.stdout).toBe('The vault is whole: 301 entries in 4 blocks open and fit.\n');
  });

  test('names what is damaged, without values, and fails', async () => {
    const { error, stdout, stderr } = await runCommand(vaultCommand, ['verify', '--vault', 'damaged.db'], { env, cwd });
    expect(error).toMatchObject({ code: 'vault-tampered', exitStatus: 6, details: { count: 2 } });
    expect(stdout).toBe('');
    expect(stderr).toContain('entries whose token is not there (namespace customers.name, block 4, count 1)');
    expect(stderr).not.toMatch(/canary/i);
  });
});
