import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateMasterKeyText } from '@sdp/shared/crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { main } from '../../src/processes/main.ts';

let database: TestDatabase;
let dir: string;
let environment: Record<string, string>;
let output: { out: string; error: string };
beforeAll(async () => {
  database = await startTestDatabase();
  dir = mkdtempSync(join(tmpdir(), 'sdp-users-'));
  writeFileSync(join(dir, 'first.txt'), 'a first password to change\nand a note\n');
  environment = { DB_DSN: database.dsn, SDP_CRYPTO_KEY: generateMasterKeyText(), SDP_DATA_DIR: dir };
});
afterAll(async () => {
  await database.stop();
  rmSync(dir, { recursive: true });
});
beforeEach(() => {
  output = { out: '', error: '' };
  const into = (key: 'out' | 'error') => (text: string | Uint8Array) => {
    output[key] += text;
    return true;
  };
  vi.spyOn(process.stdout, 'write').mockImplementation(into('out'));
  vi.spyOn(process.stderr, 'write').mockImplementation(into('error'));
});
afterEach(() => {
  vi.restoreAllMocks();
  process.exitCode = undefined;
});

async function run(line: string, more: Record<string, string> = {}) {
  output = { out: '', error: '' };
  process.exitCode = undefined;
  await main(line.split(' '), { ...environment, ...more });
  return { status: Number(process.exitCode ?? 0), ...output };
}

it('makes users, changes them and says what it did', async () => {
  const file = `--from-file ${join(dir, 'first.txt')}`;
  expect((await run(`users add Ana@Example.org --role Admin --all-tenants ${file}`)).out).toBe(
    'Made ana@example.org, Admin; the first sign-in takes another password.\n',
  );
  const bob = await run('users add bob --role Client --client-id acme --json', {
    SDP_NEW_PASSWORD: 'from the variable',
  });
  expect(JSON.parse(bob.out)).toMatchObject({ name: 'bob', role: 'Client', client_id: 'acme', has_password: true });
  expect((await run('users add dora --role DataEngineer --tenant acme --tenant globex --elsewhere')).status).toBe(0);
  expect((await run('users set-role bob --role DataAnalyst --tenant acme')).out).toBe('The user is DataAnalyst now.\n');
  expect((await run('users disable BOB')).out).toBe('The user is disabled.\n');
  expect((await run(`users reset-password ana@example.org ${file}`)).status).toBe(0);
  expect((await run('users reset-second-factor ana@example.org')).status).toBe(0);
  const listed = JSON.parse((await run('users list --json')).out).users as object[];
  expect(listed).toMatchObject([
    { name: 'ana@example.org', role: 'Admin', tenants: '*', state: 'active' },
    { name: 'bob', role: 'DataAnalyst', client_id: null, tenants: ['acme'], state: 'disabled' },
    { name: 'dora', tenants: ['acme', 'globex'], has_password: false },
  ]);
  expect((await run('users list')).out).toContain('acme, globex');
});

it.each([
  ['users add eve --role DataAnalyst --client-id acme', 2],
  ['users add eve --role Client --tenant acme', 2],
  ['users add eve --role DataAnalyst --tenant acme --all-tenants', 2],
  ['users add eve --role DataAnalyst', 2],
  ['users add eve --all-tenants', 2],
  ['users add e!e --role DataAnalyst --all-tenants --elsewhere', 2],
  ['users add BOB --role DataAnalyst --all-tenants --elsewhere', 8],
  ['users disable nobody', 8],
  ['users disable ana@example.org', 8],
  ['users reset-password ana@example.org --from-file /no/such/file', 4],
])('refuses: %s', async (line, status) => {
  const result = await run(line, { SDP_NEW_PASSWORD: 'from the variable' });
  expect([result.status, result.out]).toEqual([status, '']);
  expect(result.error).toMatch(/sdp-server: error: .+\nsdp-server: hint: .+\n/);
  expect(result.error).not.toContain('from the variable');
});

it('takes no weak password', async () => {
  const result = await run('users add eve --role DataAnalyst --all-tenants', { SDP_NEW_PASSWORD: 'short' });
  expect([result.status, result.error.includes('at least 12')]).toEqual([4, true]);
});
