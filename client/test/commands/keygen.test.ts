import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseMasterKey } from '@sdp/shared/crypto';
import { expect, onTestFinished, test } from 'vitest';
import { keygenCommand } from '../../src/commands/keygen.ts';
import { runCommand, temporaryFolder } from '../support/run-command.ts';

function folder(): string {
  const made = temporaryFolder();
  onTestFinished(() => made.remove());
  return made.path;
}

test('prints a key, a new one each time, and nothing else', async () => {
  const first = await runCommand(keygenCommand, []);
  const second = await runCommand(keygenCommand, ['--quiet']);
  expect(first.stdout).toMatch(/^[A-Za-z0-9_-]{43}=\n$/);
  expect(() => parseMasterKey(first.stdout.trim())).not.toThrow();
  expect(second.stdout).toMatch(/^[A-Za-z0-9_-]{43}=\n$/);
  expect(second.stdout).not.toBe(first.stdout);
  expect(first.stderr).toBe('');
});

test('--json prints one object', async () => {
  const { json } = await runCommand(keygenCommand, ['--json']);
  expect(() => parseMasterKey(json['key'] as string)).not.toThrow();
});

test('--out writes a file for its owner alone and does not print the key', async () => {
  const cwd = folder();
  const run = await runCommand(keygenCommand, ['--out', 'my.key'], { cwd });
  const key = readFileSync(join(cwd, 'my.key'), 'utf8').trim();
  expect(() => parseMasterKey(key)).not.toThrow();
  expect(run.stdout + run.stderr).not.toContain(key);
  expect(run.stdout).toContain('my.key');
  if (process.platform !== 'win32') expect(statSync(join(cwd, 'my.key')).mode & 0o777).toBe(0o600);
});

test('--out --json names the file, not the key', async () => {
  const cwd = folder();
  const { json } = await runCommand(keygenCommand, ['--out', 'my.key', '--json'], { cwd });
  expect(json).toEqual({ file: join(cwd, 'my.key') });
});

test('does not overwrite a file', async () => {
  const cwd = folder();
  await runCommand(keygenCommand, ['--out', 'my.key'], { cwd });
  const before = readFileSync(join(cwd, 'my.key'), 'utf8');
  const { error, stdout } = await runCommand(keygenCommand, ['--out', 'my.key'], { cwd });
  expect(error).toMatchObject({ code: 'file-exists', exitStatus: 4 });
  expect(stdout).toBe('');
  expect(readFileSync(join(cwd, 'my.key'), 'utf8')).toBe(before);
});

test('leaves nothing where it cannot write', async () => {
  const cwd = folder();
  const { error } = await runCommand(keygenCommand, ['--out', 'missing/my.key'], { cwd });
  expect(error).toMatchObject({ code: 'output-unwritable' });
  expect(existsSync(join(cwd, 'missing'))).toBe(false);
});
