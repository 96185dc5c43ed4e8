import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { generateMasterKeyText, keyFingerprint, parseMasterKey } from '@sdp/shared/crypto';
import { expect, test } from 'vitest';
import { openVault } from '../../src/vault/index.ts';
import { storeAll, temporaryFolder, vaultAt } from './vault-fixture.ts';

const planted = [
  'Wilhelmina Planted-Canary',
  'canary.planted@example.org',
  '4929 1234 5678 9010',
  'Größe-Ärger-Canary',
];

/** The forms in which a value might lie in a file. */
function formsOf(value: string): Buffer[] {
  const utf8 = Buffer.from(value, 'utf8');
  const texts = [
    utf8.toString('hex'),
    utf8.toString('base64').replace(/=+$/, '').slice(0, -1),
    utf8.toString('base64url').slice(0, -2),
  ];
  return [utf8, Buffer.from(value, 'utf16le'), ...texts.map((text) => Buffer.from(text))];
}

function foundIn(bytes: Buffer, secrets: readonly Buffer[]): number {
  return secrets.filter((secret) => bytes.includes(secret)).length;
}

test('no value and no key stands in the file or its log, in any form', async () => {
  const path = join(temporaryFolder(), 'v.db');
  const keyText = generateMasterKeyText();
  const masterKey = parseMasterKey(keyText);
  const vault = await vaultAt(path, masterKey);
  await storeAll(vault, 'people.name', [...planted, 'and another']);
  const secrets = [...planted, 'and another'].flatMap(formsOf);
  const keyBytes = masterKey.export();
  secrets.push(keyBytes, Buffer.from(keyBytes.toString('hex')), Buffer.from(keyText.slice(0, 43)));
  const wal = readFileSync(`${path}-wal`);
  // What is meant to stand there does, so the search would find something.
  expect(foundIn(wal, [Buffer.from('people.name'), Buffer.from(keyFingerprint(masterKey))])).toBe(2);
  expect(foundIn(wal, secrets)).toBe(0);
  expect(foundIn(readFileSync(path), secrets)).toBe(0);
  await vault.close();
  const file = readFileSync(path);
  expect(foundIn(file, [Buffer.from('people.name')])).toBe(1);
  expect(foundIn(file, secrets)).toBe(0);
});

test('a vault shows neither keys nor values when it is logged', async () => {
  const keyText = generateMasterKeyText();
  const vault = await vaultAt(join(temporaryFolder(), 'v.db'), parseMasterKey(keyText));
  await storeAll(vault, 'n', planted);
  const shown = inspect([vault, vault.stats(), vault.tokenizer('n'), vault.revealer()], { depth: 9, showHidden: true });
  for (const secret of [...planted, keyText.slice(0, 43)]) expect(shown.includes(secret)).toBe(false);
});

test('no error tells a value or a key', async () => {
  const path = join(temporaryFolder(), 'v.db');
  const keyText = generateMasterKeyText();
  const vault = await vaultAt(path, parseMasterKey(generateMasterKeyText()));
  const malformed = `${planted[0]}\ud800`;
  const failures: unknown[] = [];
  const attempt = async (work: () => unknown) => {
    try {
      await work();
      expect.unreachable();
    } catch (error) {
      failures.push(error);
    }
  };
  await attempt(() => vault.tokenizer('n')(malformed));
  await attempt(() => vault.hasher('n')(malformed));
  await attempt(() => openVault({ path, masterKey: parseMasterKey(keyText) }));
  await attempt(() => openVault({ path: `${path}.missing`, masterKey: parseMasterKey(keyText) }));
  const shown = failures.map((error) => inspect(error, { depth: 9 }) + JSON.stringify(error)).join();
  expect(failures).toHaveLength(4);
  for (const secret of ['Wilhelmina', keyText.slice(0, 43)]) expect(shown.includes(secret)).toBe(false);
});
