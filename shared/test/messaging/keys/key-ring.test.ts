import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { generateKey } from '@sdp/shared/crypto';
import { describe, expect, test } from 'vitest';
import { deriveMessageKeys, KeyRing, type KeyRingOptions, parseGivenKeys } from '../../../src/messaging/keys/index.ts';
import { SecurityManager } from '../../../src/messaging/security-manager.ts';
import { codeOf } from '../support/envelope-keys.ts';

const context = { topic: 't', key: 'k', schemaId: 'c.v1', eventId: 'e', tenant: 'acme' };
const payload = Buffer.from('payload');
const pair = generateKeyPairSync('ed25519');

const options = (more: Partial<KeyRingOptions> = {}): KeyRingOptions => ({
  party: 'us',
  encryption: [{ id: 'e1', key: generateKey(), state: 'active' }],
  signing: [{ id: 's1', secret: generateKey(), state: 'active' }],
  ...more,
});
const rejection = (promise: Promise<unknown>) =>
  promise.then(
    () => 'sealed',
    (error: { code?: string }) => error.code,
  );

describe('a key ring', () => {
  test('seals with the new key after a rotation, and opens what the old one sealed until that is retired', async () => {
    const ring = new KeyRing(options());
    const security = new SecurityManager({ keys: ring });
    const old = await security.seal(context, payload);
    ring.rotateEncryption({ id: 'e2', key: generateKey() });
    ring.rotateSigning({ id: 's2', privateKey: pair.privateKey });
    const fresh = await security.seal(context, payload);
    expect(security.open(context, old)).toMatchObject({ keyId: 'e1', signingKeyId: 's1', plaintext: payload });
    expect(security.open(context, fresh)).toMatchObject({ keyId: 'e2', signingKeyId: 's2', signature: 'ed25519' });
    ring.retire('e1');
    expect(codeOf(() => security.open(context, old))).toBe('message-key-unknown');
    expect(security.open(context, fresh).plaintext).toEqual(payload);
    ring.retire('s1');
    expect(ring.list().map(({ id, state }) => [id, state])).toEqual([
      ['e1', 'retired'],
      ['e2', 'active'],
      ['s1', 'retired'],
      ['s2', 'active'],
    ]);
    expect(codeOf(() => ring.retire('e2'))).toBe('message-key-invalid');
    expect(codeOf(() => ring.rotateEncryption({ id: 'e1', key: generateKey() }))).toBe('message-key-invalid');
  });

  test('verifies what another party signed, says whose it is, and can’t sign as that party', async () => {
    const key = generateKey();
    const theirs = new KeyRing({
      party: 'bank',
      encryption: [{ id: 'e1', key, state: 'active' }],
      signing: [{ id: 'bank', privateKey: pair.privateKey, state: 'active' }],
    });
    const ours = new KeyRing({
      party: 'us',
      encryption: [{ id: 'e1', key, state: 'active' }],
      others: [{ id: 'bank', party: 'bank', publicKey: pair.publicKey, state: 'readable' }],
    });
    const sealed = await new SecurityManager({ keys: theirs }).seal(context, payload);
    const security = new SecurityManager({ keys: ours });
    expect(security.open(context, sealed).party).toBe('bank');
    expect(await rejection(security.seal(context, payload))).toBe('message-key-missing');
  });

  test('warns before the cap and stops at it, exactly', async () => {
    const warnings: unknown[] = [];
    const budget = { cap: 10, onNearCap: (key: unknown) => void warnings.push(key) };
    const ring = new KeyRing(options({ budget }));
    const security = new SecurityManager({ keys: ring });
    const messages = Array.from({ length: 4 }, () => ({ context, plaintext: payload }));
    await security.sealBatch(messages);
    await security.sealBatch(messages);
    expect(warnings).toEqual([{ keyId: 'e1', sealed: 10, cap: 10 }]);
    expect(await rejection(security.sealBatch(messages))).toBe('message-key-exhausted');
    await security.sealBatch(messages.slice(2));
    expect(await rejection(security.seal(context, payload))).toBe('message-key-exhausted');
    ring.rotateEncryption({ id: 'e2', key: generateKey() });
    expect(security.open(context, await security.seal(context, payload)).keyId).toBe('e2');
  });

  test('counts what all processes with one key seal', async () => {
    let sum = 999_999_000;
    const usage = { reserve: async (_: string, count: number) => (sum += count) };
    const budget = { cap: 1_000_000_000, usage };
    const key = generateKey();
    const rings = [1, 2].map(() => new KeyRing(options({ encryption: [{ id: 'e1', key, state: 'active' }], budget })));
    let sealed = 0;
    for (; sealed < 2_000; sealed++) {
      const attempts = await Promise.allSettled(rings.map((ring) => ring.sealer()));
      if (attempts.every(({ status }) => status === 'rejected')) break;
    }
    expect(sealed).toBe(1_000);
  });

  test('refuses keys that don’t fit', () => {
    const key = generateKey();
    const rsa = generateKeyPairSync('x25519').privateKey;
    const wrong: Partial<KeyRingOptions>[] = [
      { encryption: [1, 2].map(() => ({ id: 'e1', key, state: 'readable' })) },
      { encryption: [1, 2].map((n) => ({ id: `e${n}`, key, state: 'active' })) },
      { encryption: [{ id: 'e1', key: createSecretKey(Buffer.alloc(16, 1)), state: 'active' }] },
      { encryption: [{ id: 'ä', key, state: 'active' }] },
      { encryption: [{ id: 'x'.repeat(65), key, state: 'active' }] },
      { signing: [{ id: 's', privateKey: rsa, state: 'active' }] },
      { signing: [{ id: 's', privateKey: pair.publicKey, state: 'active' }] },
      { others: [{ id: 's1', party: 'x', publicKey: pair.publicKey, state: 'readable' }] },
      { budget: { cap: 2 ** 33 } },
    ];
    for (const each of wrong) expect(codeOf(() => new KeyRing(options(each)))).toBe('message-key-invalid');
  });

  test('shows no key, however it is looked at', async () => {
    const hex = 'c0ffee'.repeat(10).padEnd(64, 'd');
    const signing = 'decade'.repeat(10).padEnd(64, 'e');
    const ring = new KeyRing(parseGivenKeys({ party: 'us', encryptionKeys: hex, signingKeys: signing }));
    const security = new SecurityManager({ keys: ring });
    const shown = [
      inspect(ring, { depth: 12, showHidden: true, getters: true }),
      inspect(security, { depth: 12, showHidden: true, getters: true }),
      inspect(await ring.sealer(), { depth: 12, showHidden: true }),
      JSON.stringify([ring, security, await ring.sealer(), ring.list()]),
    ].join('\n');
    for (const secret of [
      'c0ffee',
      'decade',
      Buffer.from('c0ffee', 'hex').toString('latin1'),
      'c0 ff ee',
      'de ca de',
    ]) {
      expect(shown.toLowerCase()).not.toContain(secret);
    }
  });
});

describe('keys as they are given', () => {
  const hex = (byte: string) => byte.repeat(32);

  test('the first seals, all open', async () => {
    const before = new KeyRing(parseGivenKeys({ party: 'us', encryptionKeys: hex('0a'), signingKeys: hex('0b') }));
    const after = new KeyRing(
      parseGivenKeys({
        party: 'us',
        encryptionKeys: `${hex('1A')}, ${hex('0a')}`,
        signingKeys: `${hex('1b')},${hex('0B')}`,
      }),
    );
    const old = await new SecurityManager({ keys: before }).seal(context, payload);
    const security = new SecurityManager({ keys: after });
    expect(security.open(context, old).plaintext).toEqual(payload);
    expect((await after.sealer()).keyId).not.toBe((await before.sealer()).keyId);
    expect(after.contentDigest(payload)).toBe(before.contentDigest(payload));
    const fresh = await security.seal(context, payload);
    expect(codeOf(() => new SecurityManager({ keys: before }).open(context, fresh))).toBe('message-key-unknown');
  });

  test.each([
    ['too short', '0a', hex('0b')],
    ['no hex', 'zz'.repeat(32), hex('0b')],
    ['one key for both', hex('0a'), hex('0A')],
    ['an empty place', `${hex('0a')},`, hex('0b')],
  ])('are refused without being quoted: %s', (_, encryptionKeys, signingKeys) => {
    let thrown: unknown;
    try {
      parseGivenKeys({ party: 'us', encryptionKeys, signingKeys });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'message-key-invalid' });
    expect(inspect(thrown)).not.toContain(encryptionKeys);
    expect(inspect(thrown)).not.toContain(signingKeys);
  });
});

describe('keys derived from a master key', () => {
  const master = generateKey();

  test.each(['hmac-sha256', 'ed25519'] as const)('are the same wherever the master key is: %s', async (signature) => {
    const ringOf = (generation: number, oldestReadable = 1) =>
      new KeyRing(deriveMessageKeys(master, { party: 'server', generation, oldestReadable, signature }));
    const sealed = await new SecurityManager({ keys: ringOf(1) }).seal(context, payload);
    expect(new SecurityManager({ keys: ringOf(1) }).open(context, sealed).signature).toBe(signature);
    expect(new SecurityManager({ keys: ringOf(3) }).open(context, sealed).plaintext).toEqual(payload);
    expect(codeOf(() => new SecurityManager({ keys: ringOf(3, 2) }).open(context, sealed))).toBe('message-key-unknown');
    const fresh = await new SecurityManager({ keys: ringOf(3) }).seal(context, payload);
    expect(codeOf(() => new SecurityManager({ keys: ringOf(1) }).open(context, fresh))).toBe('message-key-unknown');
  });

  test('are unknown to another master key', async () => {
    const ringOf = (key = generateKey()) => new KeyRing(deriveMessageKeys(key, { party: 'server', generation: 1 }));
    const sealed = await new SecurityManager({ keys: ringOf() }).seal(context, payload);
    expect(codeOf(() => new SecurityManager({ keys: ringOf() }).open(context, sealed))).toBe('message-key-unknown');
  });

  test.each([0, 1.5, -1, Number.NaN, 5_000])('have no generation %s', (generation) => {
    expect(codeOf(() => deriveMessageKeys(master, { party: 'server', generation }))).toBe('message-key-invalid');
  });
});
