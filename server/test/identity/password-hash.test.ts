import { argon2Sync } from 'node:crypto';
import { parseMasterKey } from '@sdp/shared/crypto';
import { expect, it } from 'vitest';
import { createPasswordHasher } from '../../src/identity/passwords/password-hash.ts';
import { passwordFinding } from '../../src/identity/passwords/password-rules.ts';

const hasher = createPasswordHasher(parseMasterKey(Buffer.alloc(32, 1).toString('base64url')));
const other = createPasswordHasher(parseMasterKey(Buffer.alloc(32, 2).toString('base64url')));

it('Argon2id of this Node.js gives the tag of RFC 9106, 5.3', () => {
  const tag = argon2Sync('argon2id', {
    ...{ message: Buffer.alloc(32, 1), nonce: Buffer.alloc(16, 2), secret: Buffer.alloc(8, 3) },
    ...{ associatedData: Buffer.alloc(12, 4), parallelism: 4, tagLength: 32, memory: 32, passes: 3 },
  });
  expect(tag.toString('hex')).toBe('0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659');
});

it('a password opens its own hash alone, under the key of its server', async () => {
  const [one, again] = await Promise.all([hasher.hash('correct horse battery'), hasher.hash('correct horse battery')]);
  expect(one).toMatch(/^\$argon2id\$v=19\$m=65536,t=3,p=4\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(again).not.toBe(one);
  expect(await hasher.verify('correct horse battery', one)).toBe(true);
  expect(await hasher.verify('correct horse batterY', one)).toBe(false);
  expect(await hasher.verify('', one)).toBe(false);
  expect(await other.verify('correct horse battery', one)).toBe(false);
  expect(await hasher.verify('correct horse battery', undefined)).toBe(false);
  expect(await hasher.verify('correct horse battery', 'nonsense')).toBe(false);
});

it('a password in another Unicode form is the same', async () => {
  const hash = await hasher.hash('caf\u00e9 au lait, please');
  expect(await hasher.verify('cafe\u0301 au lait, please', hash)).toBe(true);
});

it.each([
  ['short', 'at least 12'],
  ['elevenchars', 'at least 12'],
  ['x'.repeat(300), 'at most'],
  ['aaaaaaaaaaaaaaaa', 'different'],
  ['My-Ana-password-1', 'name'],
])('%s is refused', (password, because) => {
  expect(passwordFinding(password, 'ana')).toContain(because);
});

it('long ones are taken, whatever they are made of', () => {
  for (const password of ['correct horse battery', 'пароль из слов', '123456789012']) {
    expect(passwordFinding(password, 'ana')).toBeUndefined();
  }
});
