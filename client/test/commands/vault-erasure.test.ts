import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { vaultCommand } from '../../src/commands/vault/index.ts';
import { generateMasterKeyText, loadMasterKey } from '../../src/keys/index.ts';
import { openVault } from '../../src/vault/index.ts';
import { runCommand, temporaryFolder } from '../support/run-command.ts';

let folder: ReturnType<typeof temporaryFolder>;
let cwd: string;
let tokens: string[];
let surrogate: string;
const env = { SDP_CRYPTO_KEY: generateMasterKeyText() };
const values = Array.from({ length: 300 }, (_, i) => `canary${i}@example.org`);

beforeEach(async () => {
  folder = temporaryFolder();
  cwd = folder.path;
  const vault = await openVault({
    path: join(cwd, 'token_vault.db'),
    masterKey: await loadMasterKey({ env, cwd }),
    create: true,
  });
  tokens = values.map(vault.tokenizer('customers.email', { expiresDays: 90 }));
  surrogate = vault.surrogates('customers.pan', (_, attempt) => `9900 ${attempt}`)('4111 Canary');
  vault.tokenizer('customers.name')('Canary');
  await vault.close();
});
afterEach(() => folder.remove());

const run = (argv: string[], stdin?: string) =>
  runCommand(vaultCommand, argv, { env, cwd, ...(stdin === undefined ? {} : { stdin }) });

describe('vault forget', () => {
  test('by token: erases, prints a certificate, and shows no value', async () => {
    const { stdout, stderr, error } = await run(['forget', String(tokens[0]), surrogate, '--certificate', 'c.json']);
    expect(error).toBeUndefined();
    expect(stderr).toBe('');
    expect(stdout).toMatch(/customers\.email\s+1/);
    expect(stdout).toMatch(/customers\.pan\s+1/);
    expect(stdout).toMatch(/entries erased\s+2/);
    expect(stdout).toMatch(/leftovers found\s+0/);
    expect(stdout).toMatch(/certificate {2}c\.json/);
    expect(stdout).not.toMatch(/canary|tok_/i);
    const text = readFileSync(join(cwd, 'c.json'), 'utf8');
    expect(text).not.toMatch(/canary|tok_|9900/i);
    expect(statSync(join(cwd, 'c.json')).mode & 0o077).toBe(0);
    expect((await run(['forget', '--check', 'c.json', '--json'])).json).toMatchObject({ ok: true, entries: 2 });
    writeFileSync(join(cwd, 'd.json'), text.replace('"entries": 2', '"entries": 3'));
    expect((await run(['forget', '--check', 'd.json'])).error).toMatchObject({
      code: 'certificate-invalid',
      exitStatus: 6,
    });
    expect((await run(['verify'])).error).toBeUndefined();
    expect((await run(['stats'])).stdout).toMatch(/4 tombstones/);
  });

  test('by values from a file: only with --yes where they are many', async () => {
    writeFileSync(join(cwd, 'values.txt'), `\ufeff${values.slice(0, 20).join('\r\n')}\r\n\r\nunknown\r\n`);
    const dry = await run(['forget', '--values-file', 'values.txt', '--dry-run', '--json']);
    expect(dry.json).toEqual({
      dry_run: true,
      namespaces: [{ namespace: 'customers.email', entries: 20 }],
      entries: 20,
      erased_before: 0,
      unknown: 1,
    });
    const unconfirmed = await run(['forget', '--values-file', 'values.txt']);
    expect(unconfirmed.error).toMatchObject({ code: 'confirmation-needed', exitStatus: 2 });
    expect((await run(['stats', '--json'])).json).toMatchObject({ entries: 302 });
    const { json } = await run(['forget', '--values-file', 'values.txt', '--yes', '--json']);
    expect(json).toMatchObject({ kind: 'erasure', entries: 20, unknown: 1, complete: true });
    expect((await run(['stats', '--json'])).json).toMatchObject({
      entries: 282,
      tombstones: 40,
      namespaces: [{ forgotten: 20, expired: 0, expires_days: 90 }, { kind: 'surrogate' }, {}],
    });
  });

  test('by values from stdin, in one namespace', async () => {
    const { json } = await run(['forget', '--values-file', '-', '--namespace', 'customers.name', '--json'], 'Canary\n');
    expect(json).toMatchObject({ entries: 1, asked: { values: 1, namespaces: ['customers.name'] } });
  });

  test('says what is missing', async () => {
    expect((await run(['forget'])).error).toMatchObject({ code: 'usage-invalid' });
    expect((await run(['forget', '--prompt'])).error).toMatchObject({ code: 'usage-invalid' });
    expect((await run(['forget', '--values-file', 'none.txt'])).error).toMatchObject({ code: 'file-not-found' });
    writeFileSync(join(cwd, 'latin1.txt'), Buffer.from([0x66, 0xfc, 0x0a]));
    expect((await run(['forget', '--values-file', 'latin1.txt'])).error).toMatchObject({ code: 'csv-encoding' });
    const noFolder = await run(['forget', String(tokens[0]), '--certificate', 'none/c.json']);
    expect(noFolder.error).toMatchObject({ code: 'output-unwritable' });
    expect((await run(['stats', '--json'])).json).toMatchObject({ entries: 302 });
    expect((await run(['forget', 'x', '--namespace', 'none'])).error).toMatchObject({ code: 'namespace-unknown' });
  });
});

describe('vault sweep', () => {
  test('counts and erases by namespace', async () => {
    const dry = await run(['sweep', '--dry-run']);
    expect(dry.stdout).toMatch(/customers\.email\s+90d\s+0\s+300/);
    expect((await run(['sweep', '--json'])).json).toEqual({
      dry_run: false,
      expired: 0,
      log_cleared: true,
      namespaces: [{ namespace: 'customers.email', expires_days: 90, expired: 0, entries: 300 }],
    });
  });
});

describe('vault show', () => {
  test('reveals tokens and surrogates, and says which are not there', async () => {
    const unknown = `tok_${'0'.repeat(32)}`;
    const { stdout, stderr } = await run(['show', String(tokens[7]), surrogate, unknown]);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/tok_[0-9a-f]{32}\s+canary7@example\.org/);
    expect(stdout).toMatch(/9900 0\s+4111 Canary/);
    expect(stdout).toMatch(/tok_0{32}\s+\(not in the vault\)/);
    const { json } = await run(
      ['show', '--tokens-file', '-', '--namespace', 'customers.email', '--json'],
      `${tokens[1]}\n${surrogate}\n`,
    );
    expect(json).toEqual({
      tokens: [
        { token: tokens[1], value: 'canary1@example.org' },
        { token: surrogate, value: null },
      ],
      found: 1,
    });
    expect((await run(['show', unknown])).error).toMatchObject({ code: 'token-unknown', exitStatus: 5 });
    expect((await run(['show'])).error).toMatchObject({ code: 'usage-invalid' });
  });

  test('many only with a reason, and never without a line in the log', async () => {
    const many = Array.from({ length: 1_001 }, (_, i) => String(tokens[i % 300])).join('\n');
    const refused = await run(['show', '--tokens-file', '-'], many);
    expect(refused.error).toMatchObject({ code: 'reason-missing' });
    expect(refused.stdout).toBe('');
    const { json } = await run(['show', '--tokens-file', '-', '--reason', 'a test', '--json'], many);
    expect(json).toMatchObject({ found: 1_001 });
    const log = await run(['audit', 'show', '--json']);
    expect(JSON.stringify(log.json)).toMatch(/vault show.*a test/);
  });
});
