import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MasterKey } from '@sdp/shared/crypto';
import { expect, onTestFinished } from 'vitest';
import { openVault } from '../../../src/vault/index.ts';
import { openVaultFile, type VaultFile } from '../../../src/vault/maintenance/index.ts';
import { someValues, storeAll, temporaryFolder } from '../vault-fixture.ts';

/** The file of a vault, closed with the test at the latest. */
export function fileAt(path: string, masterKey: MasterKey): VaultFile {
  const file = openVaultFile({ path, masterKey });
  onTestFinished(() => void file.db.close());
  return file;
}

/** A closed vault with values in two namespaces, and the token of each. */
export async function filledVault(
  masterKey: MasterKey,
  count = 1_000,
): Promise<{ readonly path: string; readonly values: Map<string, string> }> {
  const path = join(temporaryFolder(), 'v.db');
  const vault = await openVault({ path, masterKey, create: true });
  const values = new Map<string, string>();
  for (const namespace of ['a', 'b']) {
    for (const [value, token] of await storeAll(vault, namespace, someValues(count, namespace)))
      values.set(token, value);
  }
  await vault.close();
  return { path, values };
}

/** Opens the vault, checks that it is whole and that every token leads to its value. */
export async function expectWhole(path: string, masterKey: MasterKey, values: Map<string, string>): Promise<void> {
  const vault = await openVault({ path, masterKey, readOnly: true });
  try {
    expect(await vault.verify()).toMatchObject({ ok: true, damage: [] });
    const reveal = vault.revealer();
    for (const [token, value] of values) if (reveal(token) !== value) expect.fail('a value is missing');
  } finally {
    await vault.close();
  }
}

/** Whether the bytes stand anywhere in the vault's file or its write-ahead log. */
export function standsInFiles(path: string, bytes: Uint8Array): boolean {
  return ['', '-wal'].some((suffix) => {
    try {
      return readFileSync(path + suffix).includes(Buffer.from(bytes));
    } catch {
      return false;
    }
  });
}
