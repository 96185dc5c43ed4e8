import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateMasterKeyText, type MasterKey, parseMasterKey } from '@sdp/shared/crypto';
import type { Token } from '@sdp/shared/tokenization';
import { onTestFinished } from 'vitest';
import { openVault, type Vault } from '../../src/vault/index.ts';

/** A folder that goes away with the test; in `beforeAll`, give `afterAll`. */
export function temporaryFolder(atEnd: (cleanUp: () => void) => void = onTestFinished): string {
  const folder = mkdtempSync(join(tmpdir(), 'sdp-vault-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function newMasterKey(): MasterKey {
  return parseMasterKey(generateMasterKeyText());
}

/** Opens (or makes) a vault that is closed with the test at the latest. */
export async function vaultAt(path: string, masterKey: MasterKey): Promise<Vault> {
  const vault = await openVault({ path, masterKey, create: true });
  onTestFinished(() => vault.close().catch(() => undefined));
  return vault;
}

/** Tokenizes and flushes. @returns the token of each value */
export async function storeAll(vault: Vault, namespace: string, values: Iterable<string>): Promise<Map<string, Token>> {
  const tokenize = vault.tokenizer(namespace);
  const tokens = new Map<string, Token>();
  for (const value of values) tokens.set(value, tokenize(value));
  await vault.flush();
  return tokens;
}

/** `count` different values of lengths as people's data has them. */
export function* someValues(count: number, label = 'person'): Generator<string> {
  for (let i = 0; i < count; i++) yield `${label}.${i}@${'x'.repeat(i % 40)}.example`;
}
