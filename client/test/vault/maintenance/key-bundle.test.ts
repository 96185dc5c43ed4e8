import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { importKeys, openKeyBundle, rewrapVault, sealKeyBundle } from '../../../src/vault/maintenance/index.ts';
import { newMasterKey, storeAll, temporaryFolder, vaultAt } from '../vault-fixture.ts';
import { expectWhole, fileAt, filledVault } from './maintenance-fixture.ts';

const [firstKey, masterKey] = [newMasterKey(), newMasterKey()];

/** A vault that was made with one master key and has another one now, and its bundle. */
async function rewrapped() {
  const { path, values } = await filledVault(firstKey, 200);
  rewrapVault(fileAt(path, firstKey), { newMaster: masterKey });
  return { path, values, text: sealKeyBundle(fileAt(path, masterKey).keys, masterKey) };
}

test('a vault made from the bundle gives the same tokens, hashes, manifests and receipts', async () => {
  const { path, text } = await rewrapped();
  const original = await vaultAt(path, masterKey);
  const other = join(temporaryFolder(), 'v.db');
  const fresh = await vaultAt(other, masterKey);
  expect(fresh.tokenOf('a')('x')).not.toBe(original.tokenOf('a')('x'));
  await fresh.close();
  const file = fileAt(other, masterKey);
  expect(importKeys(file, openKeyBundle(text, masterKey))).toBe(true);
  expect(importKeys(fileAt(other, masterKey), openKeyBundle(text, masterKey))).toBe(false);
  const imported = await vaultAt(other, masterKey);
  expect(imported.tokenOf('a')('x')).toBe(original.tokenOf('a')('x'));
  expect(imported.hasher('a')('x')).toBe(original.hasher('a')('x'));
  for (const label of ['manifest', 'receipt'] as const) {
    expect(imported.authenticate(label, 'x')).toBe(original.authenticate(label, 'x'));
  }
  // A server that knows the former master key is refused by the new vault too.
  expect(imported.keyFingerprints()).toEqual(original.keyFingerprints());
  const stored = await storeAll(imported, 'a', ['x']);
  await expectWhole(other, masterKey, new Map([...stored].map(([value, token]) => [token, value])));
});

test('a vault with entries under other keys is refused and stays as it is', async () => {
  const { text } = await rewrapped();
  const { path, values } = await filledVault(masterKey, 10);
  expect(() => importKeys(fileAt(path, masterKey), openKeyBundle(text, masterKey))).toThrow(
    expect.objectContaining({ code: 'vault-mismatch' }),
  );
  await expectWhole(path, masterKey, values);
});

test('with another master key, or any character changed, it does not open', async () => {
  const { text } = await rewrapped();
  const refused = expect.objectContaining({ code: 'bundle-invalid' });
  expect(() => openKeyBundle(text, firstKey)).toThrow(refused);
  const original = JSON.stringify(openKeyBundle(text, masterKey).createdAt);
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.integer({ min: 33, max: 126 }), (at, code) => {
      const changed = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
      let opened: string;
      try {
        opened = JSON.stringify(openKeyBundle(changed, masterKey).createdAt);
      } catch (error) {
        expect(error).toMatchObject({ code: 'bundle-invalid' });
        return;
      }
      // White space, or spare bits of the last character.
      expect(opened).toBe(original);
    }),
    { numRuns: 500 },
  );
});

test('shows neither key nor fingerprint in the open', async () => {
  const { path, text } = await rewrapped();
  const { keys } = fileAt(path, masterKey);
  for (const key of [keys.token, keys.hash, keys.manifest, keys.receipt, masterKey]) {
    for (const encoding of ['hex', 'base64', 'base64url'] as const) {
      expect(text).not.toContain(key.export().toString(encoding));
    }
  }
  for (const fingerprint of keys.masterFingerprints) expect(text).not.toContain(fingerprint);
});
