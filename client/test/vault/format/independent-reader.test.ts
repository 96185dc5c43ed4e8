import { join } from 'node:path';
import { generateMasterKeyText, parseMasterKey } from '@sdp/shared/crypto';
import { canonicalizer } from '@sdp/shared/tokenization';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { forgetEntries } from '../../../src/vault/erasure/index.ts';
import { openVault } from '../../../src/vault/index.ts';
import { backupVault, rekeyVault, retokenVault } from '../../../src/vault/maintenance/index.ts';
import { fileAt } from '../maintenance/maintenance-fixture.ts';
import { someValues, temporaryFolder } from '../vault-fixture.ts';
import { readVault } from './independent-reader.ts';

const keyText = generateMasterKeyText();
const masterKey = parseMasterKey(keyText);

/** A vault with entries of all kinds. @returns its path, and the value of each token by namespace */
async function filled() {
  const path = join(temporaryFolder(), 'v.db');
  const vault = await openVault({ path, masterKey, create: true });
  const made: Record<string, (value: string) => string> = {
    plain: vault.tokenizer('plain'),
    canonical: vault.tokenizer('canonical', { canonical: canonicalizer({ steps: ['trim', 'lower'] }) }),
    random: vault.randomTokenizer('random'),
    dated: vault.tokenizer('dated', { expiresDays: 30 }),
  };
  const surrogate = vault.surrogates('card', (value, attempt) => `${attempt}${value}`);
  const values = new Map<string, string>();
  for (const value of [...someValues(300), 'Zoë 🙂', 'x'.repeat(70_000)]) {
    for (const [name, tokenOf] of Object.entries(made)) {
      values.set(`${name} ${tokenOf(value).slice('tok_'.length)}`, value);
    }
    surrogate(value);
  }
  await vault.close();
  return { path, values };
}

test('a reader that follows the documentation alone finds every value, and the vault whole', async () => {
  const { path, values } = await filled();
  const read = readVault(path, keyText);
  expect(read.misfits).toEqual([]);
  // Surrogates are stored under a digest, so their tokens are not seen from outside.
  expect(new Map([...read.values].filter(([place]) => !place.startsWith('card ')))).toEqual(values);
  expect(read.values.size).toBe(values.size + 302);
});

test('also after an erasure, a rekey and a retoken, and in a backup', async () => {
  const { path, values } = await filled();
  const [gone = ''] = someValues(1);
  forgetEntries({ path, masterKey }, { tokens: [], values: [gone] }, 'test');
  await rekeyVault(fileAt(path, masterKey));
  await retokenVault({ path, masterKey });
  const output = join(temporaryFolder(), 'backup');
  await backupVault({ vaultPath: path, masterKey, output });
  for (const file of [path, output]) {
    const read = readVault(file, keyText);
    expect(read.misfits).toEqual([]);
    const sorted = (all: Iterable<string>) => [...all].toSorted();
    const kept = [...values].filter(([, value]) => value !== gone).map(([, value]) => value);
    expect(sorted([...read.values].filter(([place]) => !place.startsWith('card ')).map(([, value]) => value))).toEqual(
      sorted(kept),
    );
    expect(read.state.tombstones.count).toBe(10);
  }
});

test('and it finds what was changed', async () => {
  const { path } = await filled();
  const db = new Sqlite(path);
  // How values lie in blocks depends on their tokens, and so on the key: only the first place is sure to be taken.
  db.exec('DELETE FROM token_vault WHERE ref = (SELECT min(ref) FROM token_vault)');
  db.exec('DELETE FROM vault_block WHERE block_id = 2');
  db.close();
  expect(readVault(path, keyText).misfits).toEqual(expect.arrayContaining(['blocks', 'rows', 'entries']));
});
