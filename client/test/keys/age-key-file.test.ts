import { createHash } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { parseMasterKey } from '@sdp/shared/crypto';
import { SdpError } from '@sdp/shared/errors';
import { armor, Encrypter } from 'age-encryption';
import { afterAll, describe, expect, it } from 'vitest';
import { loadMasterKey, waysIntoKeyFile } from '../../src/keys/index.ts';
import { temporaryFolder } from '../support/run-command.ts';

// Made with age 1.3.2: `age-keygen`, `age -a -R two-recipients.txt`, `age -a -p`.
const identity = 'AGE-SECRET-KEY-1CW7Q0YMP2KWVQMKVN6QVMTG4RC77HQXVSR73KPPFDNKFSW04PJXSF87RQ8';
const forTwo = `-----BEGIN AGE ENCRYPTED FILE-----
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBQK1hEVHFOVVRIMDlnNFVs
QVBlcjlveWhFUnBVOElidko0ZWlEOGN6d2l3CmliOWlSN2ltOEtUV2V0UlU0Zjdy
Rk5aWjNWYWhISkl3MkVjVnFSTkpOVFEKLT4gWDI1NTE5IGxiS2NrMXRVem5HQ0M2
RkttOVV2VzRpM0R2cUpOZUJ1N0lPekNVWHNnUjQKWTREZStSQWFVMWJyQ3Qwcm9L
OFVwTVVuMjExd3BhclcxRXZPWVpjMy9aYwotLS0geVpSY1l5aW5OV3cyRTZTMnht
SFdPTVBwY3RmY3dqMU45U2VzR3BmZGZLawo774TZPi6ehw7cW8nbdljkoiYmX6+D
bGr+5fpAaQJEeDaHh07cIxUqgHtXbfofdP0yKC4ox7hRqV0c4I/yJAmY8Jbq8cds
5Bq/FiE1gQ==
-----END AGE ENCRYPTED FILE-----
`;
const byPassphrase = `-----BEGIN AGE ENCRYPTED FILE-----
YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCBZeXZHWVFRODBSU2NQMDJt
MDlRNGFnIDE4CmVyWEozNCt5QjcyQ1hFVTdVVXA3OEZra1FrdzFoYngxMWJkbU5S
Kzh2NEEKLS0tIDN5bHB3b3RHK3lwbDlpNEFlbzhhTUU4VDI0ODMxbFV6THFXc3Qx
Z0c3V1EK1O4WmcJnh9eiLZZbCyYZsJLP7/Z8FhcBNy89UkC7jMUVMhE1S+yyx+Sk
39X+iWnPa44WMGRE6pob2c4U1yI0pMYfeEtdrUX2ik+GdPs=
-----END AGE ENCRYPTED FILE-----
`;
const passphrase = 'correct horse battery staple';
const keyText = createHash('sha256').update('sdp test vector').digest('base64url');

const binaryOf = (armored: string) => Buffer.from(armored.replaceAll(/-----.*-----|\n/g, ''), 'base64');

const folder = temporaryFolder();
afterAll(() => folder.remove());
let files = 0;
function secret(content: string | Buffer): string {
  const path = join(folder.path, `secret-${++files}`);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

async function load(file: string, env: Record<string, string> = {}, prompt?: () => Promise<string>): Promise<string> {
  try {
    const surroundings = { env: { SDP_CRYPTO_KEY_FILE: file, ...env }, cwd: '/', ...(prompt && { prompt }) };
    return (await loadMasterKey(surroundings)).equals(parseMasterKey(keyText)) ? 'the key' : 'another key';
  } catch (error) {
    if (!(error instanceof SdpError)) throw error;
    const shown = inspect(error, { depth: 9 });
    for (const needle of [keyText, passphrase, identity]) expect(shown).not.toContain(needle);
    return [error.code, ...(error.details.findings ?? []).map(({ message }) => message)].join(': ');
  }
}

describe('a key file that age encrypted', () => {
  it('opens with an identity of one of its recipients, armored or not', async () => {
    const SDP_KEY_IDENTITY_FILE = secret(`# created: today\n${identity}\n`);
    for (const content of [forTwo, binaryOf(forTwo)]) {
      const file = secret(content);
      expect(await load(file, { SDP_KEY_IDENTITY_FILE })).toBe('the key');
      expect(await load(file)).toMatch(/^key-locked: SDP_KEY_IDENTITY_FILE names no/);
      expect(await waysIntoKeyFile(file)).toEqual(['age', 'age']);
      chmodSync(file, 0o644);
      expect(await load(file, { SDP_KEY_IDENTITY_FILE })).toBe('config-invalid');
    }
  });

  // Such a file asks for half a second of work from a quick machine; under coverage it is many seconds.
  it('opens with its passphrase as age sealed it', { timeout: 180_000 }, async () => {
    const file = secret(byPassphrase);
    expect(await waysIntoKeyFile(file)).toEqual(['passphrase']);
    expect(await load(file, { SDP_KEY_PASSPHRASE: passphrase })).toBe('the key');
  });

  it('opens with its passphrase, binary or armored, given or typed, and with no other', async () => {
    const encrypter = new Encrypter();
    encrypter.setPassphrase(passphrase);
    encrypter.setScryptWorkFactor(10);
    const bytes = await encrypter.encrypt(`${keyText}\n`);
    expect(await load(secret(Buffer.from(bytes)), { SDP_KEY_PASSPHRASE: passphrase })).toBe('the key');
    const file = secret(armor.encode(bytes));
    expect(await waysIntoKeyFile(file)).toEqual(['passphrase']);
    expect(await load(file, {}, async () => passphrase)).toBe('the key');
    expect(await load(file, { SDP_KEY_PASSPHRASE: 'another' })).toMatch(/^key-locked: it is not the right one/);
    expect(await load(file)).toMatch(/^key-locked: SDP_KEY_PASSPHRASE .* give none/);
  });

  it.each([
    ['-> scrypt YyvGYQQ80RScP02m09Q4ag 18', '-> scrypt YyvGYQQ80RScP02m09Q4ag 30'],
    ['-> scrypt YyvGYQQ80RScP02m09Q4ag 18', '-> scrypt YyvGYQQ80RScP02m09Q4ag 018'],
    ['-> scrypt YyvGYQQ80RScP02m09Q4ag', '-> scrypt YyvGYQQ80RScP02m'],
    ['\n-> scrypt', '\n-> X25519 AAAA\nAAAA\n-> scrypt'],
  ])('does no work for a header that is not one of age (%#)', async (from, to) => {
    const text = binaryOf(byPassphrase).toString('latin1');
    expect(text).toContain(from);
    const file = secret(Buffer.from(text.replace(from, to), 'latin1'));
    expect(await load(file, { SDP_KEY_PASSPHRASE: passphrase })).toMatch(/^key-locked/);
  });

  it('stays closed after a changed byte', async () => {
    const SDP_KEY_IDENTITY_FILE = secret(identity);
    const bytes = binaryOf(forTwo);
    for (let at = 0; at < bytes.length; at += 5) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(await load(secret(changed), { SDP_KEY_IDENTITY_FILE }), `byte ${at}`).toMatch(/^key-(locked|invalid)/);
    }
    expect(await load(secret(forTwo.slice(0, 300)), { SDP_KEY_IDENTITY_FILE })).toBe('key-invalid');
  });
});

describe('identities', () => {
  const plugin = 'AGE-PLUGIN-YUBIKEY-1QQPPJQVZ0';

  it('of plugins are passed over, and named where no other fits', async () => {
    const file = secret(forTwo);
    expect(await load(file, { SDP_KEY_IDENTITY_FILE: secret(`${plugin}\n${identity}\n`) })).toBe('the key');
    expect(await load(file, { SDP_KEY_IDENTITY_FILE: secret(`${plugin}\n`) })).toMatch(
      /^key-locked: .*identity 1 needs a plugin of age, and sdp runs none$/,
    );
  });

  it.each([
    ['an encrypted identity file', forTwo],
    ['an SSH key', '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n'],
    ['nonsense', 'AGE-SECRET-KEY-1NONSENSE'],
  ])('are told from %s', async (_what, content) => {
    expect(await load(secret(forTwo), { SDP_KEY_IDENTITY_FILE: secret(content) })).toBe('key-source-invalid');
  });
});
