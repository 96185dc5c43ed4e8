import { createPrivateKey, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  generateModelKeyPair,
  type ModelPackage,
  packPackage,
  parseTrustedKeys,
  signPackage,
  unpackPackage,
  verifyPackage,
} from '../../../src/models/package/index.ts';
import { statementBytes } from '../../../src/models/package/statement.ts';
import { makeSigner, sampleFiles, samplePackage } from './sample-package.ts';

const signer = makeSigner();
const good = samplePackage(signer);
const refusal = expect.objectContaining({ code: 'model-tampered' });
const check = (changed: ModelPackage) => verifyPackage(changed, signer.trusted);

describe('a signed package', () => {
  it('verifies as it was signed, also packed and unpacked', () => {
    check(good);
    const again = unpackPackage(packPackage(good));
    check(again);
    expect(packPackage(again)).toEqual(packPackage(good));
    expect(again.statement).toEqual(good.statement);
  });

  it('signs all that stands in the statement', () => {
    const { statement } = good;
    const [first, ...others] = statement.files;
    if (first === undefined) throw new Error('no files');
    const changes = [
      { version: 'fraud-1.0.1' },
      { featureSetId: 'fraud-v2' },
      { signedMs: statement.signedMs + 1 },
      { files: [{ ...first, sizeBytes: first.sizeBytes + 1 }, ...others] },
      { files: [{ ...first, sha256: '00'.repeat(32) }, ...others] },
      { files: [{ ...first, name: 'a.json' }, ...others] },
      { files: others },
      { files: statement.files.toReversed() },
    ];
    for (const change of changes) {
      expect(() => check({ ...good, statement: { ...statement, ...change } })).toThrow(refusal);
    }
  });

  it('refuses files that are changed, swapped, missing or added', () => {
    const files = (edit: (files: Map<string, Uint8Array>) => void) => {
      const edited = new Map(good.files);
      edit(edited);
      return { ...good, files: edited };
    };
    const weights = good.files.get('weights.json') ?? Buffer.alloc(0);
    const rules = good.files.get('rules.yml') ?? Buffer.alloc(0);
    expect(() => check(files((f) => f.set('weights.json', Buffer.from('[1,2,4]'))))).toThrow(refusal);
    expect(() => check(files((f) => f.set('weights.json', rules).set('rules.yml', weights)))).toThrow(refusal);
    expect(() => check(files((f) => f.delete('rules.yml')))).toThrow(refusal);
    expect(() => check(files((f) => f.set('more.json', Buffer.from('{}'))))).toThrow(refusal);
    expect(() => check(files((f) => f.set('signature.json', Buffer.from('{}'))))).toThrow(refusal);
  });

  it('takes no other key, whatever id it claims', () => {
    const stranger = makeSigner();
    expect(() => check(samplePackage(stranger))).toThrow(refusal);
    const statement = { ...good.statement, signature: sign(null, statementBytes(good.statement), stranger.privateKey) };
    expect(() => check({ ...good, statement })).toThrow(refusal);
  });

  it('takes no files of another version under its signature', () => {
    const other = samplePackage(signer, 'fraud-2.0.0');
    expect(() => check({ statement: good.statement, files: other.files })).toThrow(refusal);
    // Signed by the right key for a statement that says otherwise than the manifest.
    const lying = { ...other.statement, version: 'fraud-3.0.0' };
    const statement = { ...lying, signature: sign(null, statementBytes(lying), signer.privateKey) };
    expect(() => check({ statement, files: other.files })).toThrow(refusal);
  });

  it('is refused with one bit flipped anywhere', () => {
    const packed = packPackage(good);
    for (let offset = 0; offset < packed.length; offset++) {
      const flipped = Buffer.from(packed);
      flipped[offset] = (flipped[offset] ?? 0) ^ (1 << (offset % 8));
      let opened: ModelPackage;
      try {
        opened = unpackPackage(flipped);
        check(opened);
      } catch (error) {
        expect(error).toEqual(refusal);
        continue;
      }
      // White space of the statement's JSON, or bits that base64 doesn't use: what it says is what was signed.
      expect(packPackage(opened)).toEqual(packed);
    }
  });

  it('is no package when cut off or when it is anything else', () => {
    const packed = packPackage(good);
    for (let length = 0; length < packed.length; length += 7) {
      expect(() => check(unpackPackage(packed.subarray(0, length)))).toThrow(refusal);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => unpackPackage(Buffer.concat([packed.subarray(0, 5), bytes]))).toThrow(refusal);
      }),
    );
  });
});

describe('signing', () => {
  it('wants a manifest that names version and feature set', () => {
    const { privateKey } = signer;
    for (const manifest of ['', '{}', '{"version":"a"}', '{"version":"A B","feature_set":"x"}', 'null']) {
      const files = sampleFiles().set('ensemble.json', Buffer.from(manifest));
      expect(() => signPackage(files, privateKey)).toThrow(expect.objectContaining({ code: 'model-manifest-invalid' }));
    }
  });

  it('wants names without folders', () => {
    for (const name of ['../a', 'a/b', '.hidden', 'a\\b', '']) {
      expect(() => signPackage(sampleFiles().set(name, Buffer.alloc(1)), signer.privateKey)).toThrow(refusal);
    }
  });
});

describe('keys', () => {
  it('come as a pair of which the private half signs what the public half verifies', () => {
    const { privateKeyPem, publicKeyText, keyId } = generateModelKeyPair();
    const trusted = parseTrustedKeys(` ${publicKeyText},\n${generateModelKeyPair().publicKeyText}, `);
    expect(trusted.size).toBe(2);
    expect(trusted.has(keyId)).toBe(true);
    verifyPackage(signPackage(sampleFiles(), createPrivateKey(privateKeyPem)), trusted);
  });

  it('are refused in any other form, without being quoted', () => {
    for (const text of ['abc', `${'A'.repeat(44)}`, 'ssh-ed25519 AAAA', '/etc/keys']) {
      expect(() => parseTrustedKeys(text)).toThrow(expect.objectContaining({ code: 'model-key-invalid' }));
      expect(() => parseTrustedKeys(text)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining(text) }),
      );
    }
    expect(parseTrustedKeys('').size).toBe(0);
  });
});
