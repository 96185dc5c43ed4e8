import { join } from 'node:path';
import { canonicalizer, type KeyedHash } from '@sdp/shared/tokenization';
import { expect, onTestFinished, test } from 'vitest';
import { openVaultWith } from '../../src/vault/open-vault.ts';
import { newMasterKey, temporaryFolder } from './vault-fixture.ts';

/** 128 bits alike for all values, as no HMAC ever gives; the rest is the real digest's. */
const colliding = (_namespace: string, digest: KeyedHash): KeyedHash => {
  return (value) => (value.startsWith('collides') ? `${'ab'.repeat(16)}${digest(value).slice(32)}` : digest(value));
};

const tokenCollision = expect.objectContaining({ code: 'token-collision' });

async function collidingVault(path: string, masterKey: ReturnType<typeof newMasterKey>) {
  const vault = await openVaultWith({ path, masterKey, create: true }, colliding);
  onTestFinished(() => vault.close().catch(() => undefined));
  return vault;
}

test('two values with one token in a batch: nothing of the batch is stored', async () => {
  const path = join(temporaryFolder(), 'v.db');
  const masterKey = newMasterKey();
  const vault = await collidingVault(path, masterKey);
  const tokenize = vault.tokenizer('n');
  const first = tokenize('collides 1');
  expect(tokenize('collides 2')).toBe(first);
  tokenize('another');
  await expect(vault.flush()).rejects.toThrow(tokenCollision);
  // It stays failed: a caller that missed the error can't go on as if nothing had been.
  await expect(vault.flush()).rejects.toThrow(tokenCollision);
  await expect(vault.drain()).rejects.toThrow(tokenCollision);
  expect(() => tokenize('one more')).toThrow(tokenCollision);
  await expect(vault.close()).rejects.toThrow(tokenCollision);
  const again = await collidingVault(path, masterKey);
  expect(again.stats().entries).toBe(0);
  expect(await again.verify()).toMatchObject({ ok: true });
});

test('a value with the token of one stored before: the old one stays', async () => {
  const path = join(temporaryFolder(), 'v.db');
  const masterKey = newMasterKey();
  const before = await collidingVault(path, masterKey);
  const token = before.tokenizer('n')('collides 1');
  await before.close();
  const vault = await collidingVault(path, masterKey);
  vault.tokenizer('n')('collides 1');
  await vault.flush();
  vault.tokenizer('n')('collides 2');
  await expect(vault.flush()).rejects.toThrow(tokenCollision);
  expect(vault.revealer()(token)).toBe('collides 1');
  expect(await vault.verify()).toMatchObject({ ok: true, entries: 1 });
});

test('the error names no value, token or digest', async () => {
  const vault = await collidingVault(join(temporaryFolder(), 'v.db'), newMasterKey());
  vault.tokenizer('n')('collides 1');
  vault.tokenizer('n')('collides 2');
  const error: unknown = await vault.flush().catch((failure: unknown) => failure);
  expect(JSON.stringify([error, String(error), (error as Error).stack])).not.toMatch(/collides|abab/);
});

test('with a canonical form too: another spelling is none, another value with the same token is one', async () => {
  const canonical = canonicalizer({ steps: ['lower'] });
  const path = join(temporaryFolder(), 'v.db');
  const masterKey = newMasterKey();
  const before = await collidingVault(path, masterKey);
  const token = before.tokenizer('n', { canonical })('Collides 1');
  expect(before.tokenizer('n', { canonical })('COLLIDES 1')).toBe(token);
  await before.close();
  const vault = await collidingVault(path, masterKey);
  vault.tokenizer('n', { canonical })('collides 1');
  await vault.flush();
  expect(vault.spellings('n')).toBe(1);
  expect(vault.tokenizer('n', { canonical })('Collides 2')).toBe(token);
  await expect(vault.flush()).rejects.toThrow(tokenCollision);
  expect(vault.revealer()(token)).toBe('Collides 1');
  const another = await collidingVault(join(temporaryFolder(), 'v.db'), masterKey);
  const inOneBatch = another.tokenizer('n', { canonical });
  expect(inOneBatch('Collides 1')).toBe(inOneBatch('Collides 2'));
  await expect(another.flush()).rejects.toThrow(tokenCollision);
});
