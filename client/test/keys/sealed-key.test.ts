import { argon2Sync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { SdpError } from '@sdp/shared/errors';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { afterAll, describe, expect, it } from 'vitest';
import { generateMasterKeyText, type KeySurroundings, loadMasterKey, parseMasterKey } from '../../src/keys/index.ts';
import { unwrapByKeyring, wrapByKeyring } from '../../src/keys/keyring-wrap.ts';
import { unwrapByPassphrase, wrapByPassphrase } from '../../src/keys/passphrase-wrap.ts';
import { wrapForRecipients } from '../../src/keys/recipients-wrap.ts';
import { type SealedKey, serializeSealedKey, type WrappedKey } from '../../src/keys/sealed-key-file.ts';
import { temporaryFolder } from '../support/run-command.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());
const keyText = generateMasterKeyText();
const master = parseMasterKey(keyText);
const id = randomBytes(16).toString('hex');
const passphrase = 'correct horse battery staple';
/** The least that a file may name: cheap enough to try often. */
const cost = { memoryKib: 19_456, passes: 2, lanes: 1 };
const cwd = folder.path;

let files = 0;
function sealedFile(wraps: readonly unknown[], changes: Partial<Record<keyof SealedKey, unknown>> = {}): string {
  const file = join(folder.path, `sealed-${++files}.key`);
  const sealed = { format: 'sdp-sealed-key', version: 1, id, created_at: '2026-01-01T00:00:00Z', wraps, ...changes };
  writeFileSync(file, serializeSealedKey(sealed as SealedKey), { mode: 0o600 });
  return file;
}

async function load(file: string, env: Record<string, string> = {}, more: Partial<KeySurroundings> = {}) {
  try {
    const key = await loadMasterKey({ env: { SDP_CRYPTO_KEY_FILE: file, ...env }, cwd, ...more });
    return key.equals(master) ? 'the key' : 'another key';
  } catch (error) {
    if (!(error instanceof SdpError)) throw error;
    const shown = inspect(error, { depth: 9 });
    for (const needle of [keyText.slice(0, 43), passphrase, 'AGE-SECRET-KEY']) expect(shown).not.toContain(needle);
    return error.code;
  }
}

describe('Argon2id', () => {
  it('gives the tag of RFC 9106, section 5.3', () => {
    const tag = argon2Sync('argon2id', {
      message: Buffer.alloc(32, 1),
      nonce: Buffer.alloc(16, 2),
      secret: Buffer.alloc(8, 3),
      associatedData: Buffer.alloc(12, 4),
      memory: 32,
      passes: 3,
      parallelism: 4,
      tagLength: 32,
    });
    expect(tag.toString('hex')).toBe('0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659');
  });
});

describe('a key sealed by a passphrase', () => {
  it('opens with it from the variable, a file or a prompt, however its letters are composed', async () => {
    const umlaut = 'Zehn größte Füße 1';
    const file = sealedFile([await wrapByPassphrase(id, master, umlaut.normalize('NFC'), cost)]);
    const passphraseFile = join(folder.path, 'passphrase');
    writeFileSync(passphraseFile, `${umlaut.normalize('NFD')}\n`, { mode: 0o600 });
    expect(await load(file, { SDP_KEY_PASSPHRASE: umlaut })).toBe('the key');
    expect(await load(file, { SDP_KEY_PASSPHRASE_FILE: passphraseFile })).toBe('the key');
    expect(await load(file, {}, { prompt: async () => umlaut })).toBe('the key');
  });

  it('stays closed to another one, and where nobody can be asked', async () => {
    const file = sealedFile([await wrapByPassphrase(id, master, passphrase, cost)]);
    expect(await load(file, { SDP_KEY_PASSPHRASE: `${passphrase}r` })).toBe('key-locked');
    expect(await load(file, {}, { prompt: async () => 'guess' })).toBe('key-locked');
    expect(await load(file)).toBe('key-locked');
    const opening = loadMasterKey({ env: { SDP_CRYPTO_KEY_FILE: file }, cwd, prompt: async () => 'guess' });
    await expect(opening).rejects.toMatchObject({
      details: { findings: [{ field: 'passphrase', message: 'it is not the right one' }] },
    });
  });

  it('has a salt and a nonce of its own each time', async () => {
    const [one, two] = [
      await wrapByPassphrase(id, master, passphrase, cost),
      await wrapByPassphrase(id, master, passphrase, cost),
    ];
    expect(new Set([one.salt, two.salt, one.nonce, two.nonce]).size).toBe(4);
  });

  it.each([
    { memory_kib: 8_192, passes: 5 },
    { memory_kib: 19_456, passes: 1 },
    { memory_kib: 4_194_304, passes: 1 },
    { memory_kib: 2_097_152, passes: 5 },
    { lanes: 65 },
    { passes: 0 },
  ])('is refused with Argon2id at %j, before any of it is done', async (numbers) => {
    const wrap = await wrapByPassphrase(id, master, passphrase, cost);
    const file = sealedFile([{ ...wrap, ...numbers }]);
    expect(await load(file, { SDP_KEY_PASSPHRASE: passphrase })).toBe('key-invalid');
  });

  it('is refused when many of them together ask for too much', async () => {
    const wrap = { ...(await wrapByPassphrase(id, master, passphrase, cost)), memory_kib: 1_000_000, passes: 3 };
    const file = sealedFile([wrap, wrap, wrap]);
    expect(await load(file, { SDP_KEY_PASSPHRASE: passphrase })).toBe('key-invalid');
  });

  it('needs a passphrase of some length', async () => {
    await expect(wrapByPassphrase(id, master, 'short', cost)).rejects.toMatchObject({ code: 'key-source-invalid' });
  });

  it('does not open after a change of any of its fields', async () => {
    const wrap = await wrapByPassphrase(id, master, passphrase, cost);
    expect(await unwrapByPassphrase('f'.repeat(32), wrap, passphrase)).toBeUndefined();
    const flipped = (text: string) => text.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'));
    for (const field of ['salt', 'nonce', 'sealed'] as const) {
      expect(
        await unwrapByPassphrase(id, { ...wrap, [field]: flipped(wrap[field]) }, passphrase),
        field,
      ).toBeUndefined();
    }
    expect(await unwrapByPassphrase(id, { ...wrap, passes: 3 }, passphrase)).toBeUndefined();
  });
});

describe('a key sealed for age recipients', () => {
  it('opens for each of them and for nobody else', async () => {
    const [anna, bert, cleo] = await Promise.all([generateIdentity(), generateIdentity(), generateIdentity()]);
    const recipients = await Promise.all([anna, bert].map(identityToRecipient));
    const file = sealedFile([await wrapForRecipients(id, master, recipients)]);
    for (const [identity, outcome] of [
      [anna, 'the key'],
      [bert, 'the key'],
      [cleo, 'key-locked'],
      ['AGE-SECRET-KEY-1NONSENSE', 'key-locked'],
    ] as const) {
      const identityFile = join(folder.path, 'identity');
      writeFileSync(identityFile, `# created today\n${identity}\n`, { mode: 0o600 });
      expect(await load(file, { SDP_KEY_IDENTITY_FILE: identityFile })).toBe(outcome);
    }
    expect(await load(file)).toBe('key-locked');
  });

  it('is bound to its file', async () => {
    const identity = await generateIdentity();
    const identityFile = join(folder.path, 'identity-2');
    writeFileSync(identityFile, identity, { mode: 0o600 });
    const wrap = await wrapForRecipients('0'.repeat(32), master, [await identityToRecipient(identity)]);
    expect(await load(sealedFile([wrap]), { SDP_KEY_IDENTITY_FILE: identityFile })).toBe('key-locked');
  });

  it('names the recipient that is none', async () => {
    await expect(wrapForRecipients(id, master, ['age1nonsense'])).rejects.toMatchObject({
      code: 'key-source-invalid',
      message: 'Recipient 1 is not an age recipient',
    });
    const ofPlugin = 'age1yubikey1qwt50d05nh5vutpdzmlg5wn80xq5negm4uj9ghv0snvdd3yysf5yw3rhl3t';
    await expect(wrapForRecipients(id, master, [ofPlugin])).rejects.toMatchObject({ message: /needs a plugin of age/ });
    await expect(wrapForRecipients(id, master, ['ssh-ed25519 AAAAC3Nz me'])).rejects.toMatchObject({
      message: /is an SSH key/,
    });
  });
});

describe('a key sealed by a keyring', () => {
  const memory = () => {
    const secrets = new Map<string, string>();
    return {
      secrets,
      read: async (name: string) => secrets.get(name),
      write: async (name: string, secret: string) => void secrets.set(name, secret),
      remove: async (name: string) => void secrets.delete(name),
    };
  };

  it('opens with the keyring alone; an entry is never replaced', async () => {
    const keyring = memory();
    const wrap = await wrapByKeyring(id, master, 'main', keyring);
    expect((await unwrapByKeyring(id, wrap, keyring))?.equals(master)).toBe(true);
    expect([...keyring.secrets.values()].join()).not.toContain(keyText.slice(0, 43));
    await expect(wrapByKeyring(id, master, 'main', keyring)).rejects.toMatchObject({ code: 'key-source-invalid' });
    await expect(unwrapByKeyring(id, wrap, memory())).rejects.toMatchObject({ code: 'key-source-invalid' });
    const other = memory();
    await wrapByKeyring(id, master, 'main', other);
    expect(await unwrapByKeyring(id, wrap, other)).toBeUndefined();
  });
});

describe('a sealed key file', () => {
  it('opens by whichever of its ways works', async () => {
    const identity = await generateIdentity();
    const identityFile = join(folder.path, 'identity-3');
    writeFileSync(identityFile, identity, { mode: 0o600 });
    const file = sealedFile([
      await wrapByPassphrase(id, master, passphrase, cost),
      await wrapForRecipients(id, master, [await identityToRecipient(identity)]),
      { kind: 'kms', uri: 'vault-transit://127.0.0.1:1/transit/sdp?scheme=http', ciphertext: 'vault:v1:AAAA' },
    ] satisfies WrappedKey[]);
    expect(await load(file, { SDP_KEY_IDENTITY_FILE: identityFile })).toBe('the key');
    expect(await load(file, { SDP_KEY_PASSPHRASE: passphrase })).toBe('the key');
  });

  it('is refused if it is not as it was written', async () => {
    const wrap = await wrapByPassphrase(id, master, passphrase, cost);
    const env = { SDP_KEY_PASSPHRASE: passphrase };
    expect(await load(sealedFile([wrap]), env)).toBe('the key');
    expect(await load(sealedFile([wrap], { version: 2 }), env)).toBe('key-invalid');
    expect(await load(sealedFile([wrap], { id: 'x' }), env)).toBe('key-invalid');
    expect(await load(sealedFile([]), env)).toBe('key-invalid');
    expect(await load(sealedFile([{ ...wrap, memory_kib: 2 ** 40 }]), env)).toBe('key-invalid');
    expect(await load(sealedFile([{ ...wrap, kdf: 'argon2d' }]), env)).toBe('key-invalid');
    const broken = join(folder.path, 'broken.key');
    writeFileSync(broken, '{"format":', { mode: 0o600 });
    expect(await load(broken, env)).toBe('key-invalid');
  });
});
