import { chmodSync, copyFileSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keyFingerprint, parseMasterKey } from '@sdp/shared/crypto';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { generateMasterKeyText } from '../../src/keys/index.ts';
import { openVault } from '../../src/vault/index.ts';
import { ProtocolServer } from '../support/protocol-server.ts';
import { temporaryFolder } from '../support/run-command.ts';
import { runSdp } from '../support/run-program.ts';
import { hasOpenssl, selfSigned } from '../support/self-signed.ts';

const keyText = generateMasterKeyText();
let folder: ReturnType<typeof temporaryFolder>;
const key = () => ({ SDP_CRYPTO_KEY_FILE: 'my.key' });

beforeEach(async () => {
  folder = temporaryFolder();
  writeFileSync(join(folder.path, 'my.key'), keyText, { mode: 0o600 });
  const path = join(folder.path, 'token_vault.db');
  const vault = await openVault({ path, masterKey: parseMasterKey(keyText), create: true });
  vault.tokenizer('t.a')('canary@example.org');
  await vault.close();
  return () => folder.remove();
});

async function doctor(env: Record<string, string>, ...args: readonly string[]) {
  const run = await runSdp(['doctor', '--json', ...args], { cwd: folder.path, env });
  const { ok, checks } = run.json() as { ok: boolean; checks: { name: string; status: string; found: string }[] };
  expect(run.stdout.toString() + run.stderr).not.toMatch(/canary/);
  expect(run.stdout.toString() + run.stderr).not.toContain(keyText.slice(0, 43));
  expect(run.status).toBe(ok ? 0 : 9);
  return Object.fromEntries(checks.map(({ name, status }) => [name, status]));
}

describe('doctor', () => {
  it('finds nothing wrong where nothing is', async () => {
    expect(await doctor(key())).toEqual({
      versions: 'ok',
      disk: expect.stringMatching(/ok|warn/),
      leftovers: 'ok',
      key: 'ok',
      'vault-permissions': 'ok',
      'vault-file': 'ok',
      'vault-wal': 'ok',
      vault: 'ok',
      audit: 'ok',
      server: 'skipped',
    });
  });

  it('prints a table, what to do, and ends with status 9', async () => {
    const run = await runSdp(['doctor'], { cwd: folder.path });
    expect(run.status).toBe(9);
    expect(run.stdout.toString()).toMatch(/^key +fail +neither SDP_CRYPTO_KEY nor SDP_CRYPTO_KEY_FILE is set$/m);
    expect(run.stdout.toString()).toMatch(/^key +Set SDP_CRYPTO_KEY_FILE/m);
    expect(run.stderr).toMatch(/^sdp: error: 1 of \d+ checks failed$/m);
  });

  it('tells a key that is not the vault’s, one in the environment, and one that others can read', async () => {
    expect(await doctor({ SDP_CRYPTO_KEY: generateMasterKeyText() })).toMatchObject({ key: 'warn', vault: 'fail' });
    expect(await doctor({ SDP_CRYPTO_KEY: keyText })).toMatchObject({ key: 'warn', vault: 'ok' });
    chmodSync(join(folder.path, 'my.key'), 0o644);
    expect(await doctor(key())).toMatchObject({ key: 'fail', vault: 'skipped' });
  });

  it('tells a vault that others can read, a damaged one, and none', async () => {
    const path = join(folder.path, 'token_vault.db');
    chmodSync(path, 0o640);
    expect(await doctor(key())).toMatchObject({ 'vault-permissions': 'warn' });
    chmodSync(path, 0o644);
    expect(await doctor(key())).toMatchObject({ 'vault-permissions': 'fail' });
    copyFileSync(path, join(folder.path, 'cut.db'));
    const db = new Sqlite(join(folder.path, 'cut.db'));
    db.exec('DELETE FROM data_key WHERE key_id = 1');
    db.close();
    expect(await doctor(key(), '--vault', 'cut.db')).toMatchObject({ vault: 'fail' });
    writeFileSync(join(folder.path, 'text.db'), 'no database', { mode: 0o600 });
    expect(await doctor(key(), '--vault', 'text.db')).toMatchObject({ 'vault-file': 'fail', vault: 'fail' });
    expect(await doctor(key(), '--vault', 'none.db')).toMatchObject({ vault: 'skipped' });
  });

  it('tells a newer vault, a path that is no file, and a folder in which others can exchange the file', async () => {
    const newer = join(folder.path, 'newer.db');
    copyFileSync(join(folder.path, 'token_vault.db'), newer);
    const db = new Sqlite(newer);
    db.pragma('user_version = 99');
    db.close();
    expect(await doctor(key(), '--vault', 'newer.db')).toMatchObject({ 'vault-file': 'ok', vault: 'fail' });
    mkdirSync(join(folder.path, 'folder'));
    const found = await doctor(key(), '--vault', 'folder');
    expect(found).toMatchObject({ vault: 'fail' });
    expect(found).not.toHaveProperty('vault-permissions');
    chmodSync(folder.path, 0o777);
    expect(await doctor(key())).toMatchObject({ 'vault-permissions': 'fail' });
    chmodSync(folder.path, 0o1777);
    expect(await doctor(key())).toMatchObject({ 'vault-permissions': 'ok' });
  });

  it('tells that the audit log could not be written', async () => {
    const state = join(folder.path, 'state');
    expect(await doctor({ ...key(), SDP_STATE_DIR: state })).toMatchObject({ audit: 'ok' });
    writeFileSync(state, 'a file where the folder should be');
    expect(await doctor({ ...key(), SDP_STATE_DIR: state })).toMatchObject({ audit: 'fail' });
    mkdirSync(join(folder.path, 'token_vault.db.audit.jsonl'));
    expect(await doctor(key())).toMatchObject({ audit: 'fail' });
  });

  it('finds what a killed run left', async () => {
    const left = join(folder.path, '.out.csv.0011.sdp-tmp');
    writeFileSync(left, 'half');
    expect(await doctor(key())).toMatchObject({ leftovers: 'ok' });
    utimesSync(left, new Date(0), new Date(0));
    expect(await doctor(key())).toMatchObject({ leftovers: 'warn' });
  });
});

describe('doctor and a server', () => {
  let server: ProtocolServer;
  beforeAll(async () => {
    server = await ProtocolServer.start();
  });
  afterAll(() => server.close());
  const at = (url: string) => ['--server-url', url] as const;

  it('is content with one that answers, knows the key and has keys of its own', async () => {
    expect(await doctor({ ...key(), SDP_API_KEY: server.apiKey }, ...at(server.url))).toMatchObject({
      server: 'ok',
      clock: 'ok',
      'api-key': 'ok',
      'server-keys': 'ok',
    });
  });

  it.each(['http://sdp.example.com', 'not an address', 'ftp://127.0.0.1'])(
    'takes %s for something to report like the rest',
    async (url) => {
      expect(await doctor(key(), ...at(url))).toMatchObject({ key: 'ok', vault: 'ok', server: 'fail' });
    },
  );

  it.skipIf(!hasOpenssl())('tells a certificate that is not accepted, and authorities that are not there', async () => {
    const tls = selfSigned(folder.path, 'IP:127.0.0.1');
    const secure = await ProtocolServer.start({ tls });
    try {
      expect(await doctor(key(), ...at(secure.url))).toMatchObject({ server: 'fail' });
      expect(await doctor(key(), ...at(secure.url), '--ca', 'none.pem')).toMatchObject({ server: 'fail' });
      expect(await doctor(key(), ...at(secure.url), '--ca', tls.path)).toMatchObject({ server: 'ok', clock: 'ok' });
    } finally {
      await secure.close();
    }
  });

  it('tells a wrong API key and a missing one', async () => {
    expect(await doctor({ ...key(), SDP_API_KEY: 'another' }, ...at(server.url))).toMatchObject({
      server: 'ok',
      'api-key': 'fail',
    });
    expect(await doctor(key(), ...at(server.url))).toMatchObject({ server: 'ok', 'api-key': 'fail' });
  });

  it('tells a clock that is minutes off', async () => {
    server.faults.push((request, response) => {
      if (request.url !== '/health') return false;
      response.setHeader('date', new Date(Date.now() - 600_000).toUTCString());
      return false;
    });
    expect(await doctor({ ...key(), SDP_API_KEY: server.apiKey }, ...at(server.url))).toMatchObject({ clock: 'fail' });
    server.faults.length = 0;
  });

  it('tells a server that holds a key of the client', async () => {
    const info = { key_fingerprints: [keyFingerprint(parseMasterKey(keyText))] };
    const shared = await ProtocolServer.start({ info });
    const found = await doctor({ ...key(), SDP_API_KEY: shared.apiKey }, ...at(shared.url));
    const { url } = shared;
    await shared.close();
    expect(found).toMatchObject({ 'server-keys': 'fail' });
    expect(await doctor({ ...key(), SDP_API_KEY: 'x' }, ...at(url))).toMatchObject({ server: 'fail' });
  });
});
