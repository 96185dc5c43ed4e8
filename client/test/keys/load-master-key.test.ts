import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { parseMasterKey, publishedKeys } from '@sdp/shared/crypto';
import { SdpError } from '@sdp/shared/errors';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateMasterKeyText, loadMasterKey, writeKeyFile } from '../../src/keys/index.ts';
import { temporaryFolder } from '../support/run-command.ts';

const keyText = generateMasterKeyText();
const folder = temporaryFolder();
const keyFile = join(folder.path, 'sdp.key');

beforeAll(() => writeKeyFile(keyFile, keyText));
afterAll(() => folder.remove());

function codeOf(env: Record<string, string>): string {
  try {
    loadMasterKey(env);
    return 'loaded';
  } catch (error) {
    if (!(error instanceof SdpError)) throw error;
    expect(inspect(error, { depth: 9 })).not.toContain(keyText.slice(0, 43));
    return error.code;
  }
}

describe('loadMasterKey', () => {
  test('takes the key from the variable, from the file, or from both if they agree', () => {
    const expected = parseMasterKey(keyText);
    for (const env of [
      { SDP_CRYPTO_KEY: keyText },
      { SDP_CRYPTO_KEY: ` ${keyText}\n` },
      { SDP_CRYPTO_KEY_FILE: keyFile },
      { SDP_CRYPTO_KEY: keyText, SDP_CRYPTO_KEY_FILE: keyFile },
      { SDP_CRYPTO_KEY: '', SDP_CRYPTO_KEY_FILE: keyFile },
    ]) {
      expect(loadMasterKey(env).equals(expected)).toBe(true);
    }
    expect(loadMasterKey({ SDP_CRYPTO_KEY_FILE: 'sdp.key' }, folder.path).equals(expected)).toBe(true);
  });

  test('says that there is none', () => {
    expect(codeOf({})).toBe('key-missing');
    expect(codeOf({ SDP_CRYPTO_KEY: '', SDP_CRYPTO_KEY_FILE: '' })).toBe('key-missing');
  });

  test('refuses two different keys, and checks both', () => {
    expect(codeOf({ SDP_CRYPTO_KEY: generateMasterKeyText(), SDP_CRYPTO_KEY_FILE: keyFile })).toBe('config-invalid');
    expect(codeOf({ SDP_CRYPTO_KEY: keyText, SDP_CRYPTO_KEY_FILE: join(folder.path, 'none') })).toBe(
      'config-unreadable',
    );
  });

  test('refuses what is no key', () => {
    expect(codeOf({ SDP_CRYPTO_KEY: `${keyText}x` })).toBe('key-invalid');
    const empty = join(folder.path, 'empty');
    writeFileSync(empty, '', { mode: 0o600 });
    expect(codeOf({ SDP_CRYPTO_KEY_FILE: empty })).toBe('key-invalid');
    const large = join(folder.path, 'large');
    writeFileSync(large, keyText.padEnd(5_000), { mode: 0o600 });
    expect(codeOf({ SDP_CRYPTO_KEY_FILE: large })).toBe('key-invalid');
    mkdirSync(join(folder.path, 'dir'));
    expect(codeOf({ SDP_CRYPTO_KEY_FILE: join(folder.path, 'dir') })).toBe('config-unreadable');
  });

  test('refuses published keys outside development', () => {
    for (const key of publishedKeys) {
      expect(codeOf({ SDP_CRYPTO_KEY: key })).toBe('key-published');
      expect(codeOf({ SDP_CRYPTO_KEY: key, SDP_ENV: 'production' })).toBe('key-published');
      expect(codeOf({ SDP_CRYPTO_KEY: key, SDP_ENV: 'dev' })).toBe('loaded');
    }
  });

  test.skipIf(process.platform === 'win32').each([0o640, 0o604, 0o620, 0o644])(
    'refuses a key file of mode %o: others could read or exchange it',
    (mode) => {
      const file = join(folder.path, `mode-${mode}`);
      writeKeyFile(file, keyText);
      chmodSync(file, mode);
      expect(codeOf({ SDP_CRYPTO_KEY_FILE: file })).toBe('config-invalid');
      chmodSync(file, 0o400);
      expect(codeOf({ SDP_CRYPTO_KEY_FILE: file })).toBe('loaded');
    },
  );
});

describe('writeKeyFile', () => {
  test('makes a file for its owner alone and never overwrites one', () => {
    if (process.platform !== 'win32') expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect(() => writeKeyFile(keyFile, generateMasterKeyText())).toThrow(
      expect.objectContaining({ code: 'file-exists' }),
    );
    expect(codeOf({ SDP_CRYPTO_KEY: keyText, SDP_CRYPTO_KEY_FILE: keyFile })).toBe('loaded');
    expect(() => writeKeyFile(join(folder.path, 'none', 'k'), keyText)).toThrow(
      expect.objectContaining({ code: 'output-unwritable' }),
    );
  });
});
