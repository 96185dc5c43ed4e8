import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
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

async function codeOf(env: Record<string, string>): Promise<string> {
  try {
    await loadMasterKey({ env, cwd: folder.path });
    return 'loaded';
  } catch (error) {
    if (!(error instanceof SdpError)) throw error;
    expect(inspect(error, { depth: 9 })).not.toContain(keyText.slice(0, 43));
    return error.code;
  }
}

describe('loadMasterKey', () => {
  test('takes the key from the variable, from the file, or from both if they agree', async () => {
    const expected = parseMasterKey(keyText);
    for (const env of [
      { SDP_CRYPTO_KEY: keyText },
      { SDP_CRYPTO_KEY: ` ${keyText}\n` },
      { SDP_CRYPTO_KEY_FILE: keyFile },
      { SDP_CRYPTO_KEY: keyText, SDP_CRYPTO_KEY_FILE: keyFile },
      { SDP_CRYPTO_KEY: '', SDP_CRYPTO_KEY_FILE: keyFile },
    ]) {
      expect((await loadMasterKey({ env, cwd: '/' })).equals(expected)).toBe(true);
    }
    const relative = await loadMasterKey({ env: { SDP_CRYPTO_KEY_FILE: 'sdp.key' }, cwd: folder.path });
    expect(relative.equals(expected)).toBe(true);
  });

  test('says that there is none', async () => {
    expect(await codeOf({})).toBe('key-missing');
    expect(await codeOf({ SDP_CRYPTO_KEY: '', SDP_CRYPTO_KEY_FILE: '' })).toBe('key-missing');
  });

  test('refuses two different keys, and checks both', async () => {
    expect(await codeOf({ SDP_CRYPTO_KEY: generateMasterKeyText(), SDP_CRYPTO_KEY_FILE: keyFile })).toBe(
      'config-invalid',
    );
    expect(await codeOf({ SDP_CRYPTO_KEY: keyText, SDP_CRYPTO_KEY_FILE: join(folder.path, 'none') })).toBe(
      'config-unreadable',
    );
  });

  test('refuses what is no key', async () => {
    expect(await codeOf({ SDP_CRYPTO_KEY: `${keyText}x` })).toBe('key-invalid');
    const empty = join(folder.path, 'empty');
    writeFileSync(empty, '', { mode: 0o600 });
    expect(await codeOf({ SDP_CRYPTO_KEY_FILE: empty })).toBe('key-invalid');
    const large = join(folder.path, 'large');
    writeFileSync(large, keyText.padEnd(5_000), { mode: 0o600 });
    expect(await codeOf({ SDP_CRYPTO_KEY_FILE: large })).toBe('key-invalid');
    mkdirSync(join(folder.path, 'dir'));
    expect(await codeOf({ SDP_CRYPTO_KEY_FILE: join(folder.path, 'dir') })).toBe('config-unreadable');
  });

  test('refuses published keys outside development', async () => {
    for (const key of publishedKeys) {
      expect(await codeOf({ SDP_CRYPTO_KEY: key })).toBe('key-published');
      expect(await codeOf({ SDP_CRYPTO_KEY: key, SDP_ENV: 'production' })).toBe('key-published');
      expect(await codeOf({ SDP_CRYPTO_KEY: key, SDP_ENV: 'dev' })).toBe('loaded');
    }
  });

  test.skipIf(process.platform === 'win32')('does not wait for a pipe that nobody writes to', async () => {
    const pipe = join(folder.path, 'pipe');
    execFileSync('mkfifo', ['-m', '600', pipe]);
    expect(await codeOf({ SDP_CRYPTO_KEY_FILE: pipe })).toBe('config-unreadable');
  });

  test.skipIf(process.platform === 'win32').each([0o640, 0o604, 0o620, 0o644])(
    'refuses a key file of mode %o: others could read or exchange it',
    async (mode) => {
      const file = join(folder.path, `mode-${mode}`);
      writeKeyFile(file, keyText);
      chmodSync(file, mode);
      expect(await codeOf({ SDP_CRYPTO_KEY_FILE: file })).toBe('config-invalid');
      chmodSync(file, 0o400);
      expect(await codeOf({ SDP_CRYPTO_KEY_FILE: file })).toBe('loaded');
    },
  );
});

describe('writeKeyFile', () => {
  test('makes a file for its owner alone and never overwrites one', async () => {
    if (process.platform !== 'win32') expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect(() => writeKeyFile(keyFile, generateMasterKeyText())).toThrow(
      expect.objectContaining({ code: 'file-exists' }),
    );
    expect(await codeOf({ SDP_CRYPTO_KEY: keyText, SDP_CRYPTO_KEY_FILE: keyFile })).toBe('loaded');
    const dangling = join(folder.path, 'dangling');
    symlinkSync(join(folder.path, 'not-there'), dangling);
    expect(() => writeKeyFile(dangling, keyText)).toThrow(expect.objectContaining({ code: 'file-exists' }));
    expect(existsSync(dangling)).toBe(false);
    expect(() => writeKeyFile(join(folder.path, 'none', 'k'), keyText)).toThrow(
      expect.objectContaining({ code: 'output-unwritable' }),
    );
  });
});
