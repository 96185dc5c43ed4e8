import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openVault } from '../../src/vault/index.ts';
import { newMasterKey, someValues, storeAll, temporaryFolder } from './vault-fixture.ts';

test('values come back right in any order, while opened blocks and index places are given up', async () => {
  const path = join(temporaryFolder(), 'v.db');
  const masterKey = newMasterKey();
  const writing = await openVault({ path, masterKey, create: true });
  // About 60 MB of values: more than the opened blocks that are kept.
  const tokens = [...(await storeAll(writing, 'n', bulkyValues(60_000)))];
  await writing.close();
  const vault = await openVault({ path, masterKey, readOnly: true });
  const reveal = vault.revealer();
  let wrong = 0;
  for (let i = 0; i < tokens.length; i++) {
    // In order, then across the whole vault by turns.
    const [value, token] = tokens[i % 2 === 0 ? i : (i * 48_271) % tokens.length] ?? ['', ''];
    if (reveal(token) !== value) wrong += 1;
  }
  expect(wrong).toBe(0);
  await vault.close();
});

function* bulkyValues(count: number): Generator<string> {
  for (const value of someValues(count)) yield value.padEnd(1_000, '-');
}
