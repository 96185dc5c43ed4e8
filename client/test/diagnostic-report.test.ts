import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { generateMasterKeyText } from '../src/keys/index.ts';
import { temporaryFolder } from './support/run-command.ts';

const program = join(import.meta.dirname, '..', 'src', 'main.ts');

it.skipIf(process.platform === 'win32')('a diagnostic report of Node holds no key', async () => {
  const folder = temporaryFolder();
  const key = generateMasterKeyText();
  const passphrase = 'correct horse battery staple';
  const args = ['tokenize-csv', '--input', '-', '--output', 'out.csv', '--source-table', 't', '--column', 'a'];
  const child = spawn(
    process.execPath,
    ['--report-on-signal', '--report-signal=SIGUSR2', '--conditions=sdp-source', program, ...args],
    {
      cwd: folder.path,
      env: { SDP_CRYPTO_KEY: key, SDP_KEY_PASSPHRASE: passphrase, SDP_STATE_DIR: folder.path },
      stdio: ['pipe', 'ignore', 'ignore'],
    },
  );
  const reports = () => readdirSync(folder.path).filter((name) => name.startsWith('report.'));
  try {
    // It is killed with some of it unread.
    child.stdin.on('error', () => undefined);
    // Enough for the vault to be made, which needs the key; the end of the file never comes.
    child.stdin.write(`a\n${'anna@example.org\n'.repeat(100_000)}`);
    while (child.exitCode === null && !readdirSync(folder.path).includes('token_vault.db')) await sleep(20);
    child.kill('SIGUSR2');
    while (child.exitCode === null && reports().length === 0) await sleep(20);
    await sleep(200);
    const text = readFileSync(join(folder.path, reports()[0] ?? ''), 'utf8');
    expect(text).toContain('"javascriptStack"');
    expect(text).not.toContain(key.slice(0, 43));
    expect(text).not.toContain(passphrase);
  } finally {
    child.kill('SIGKILL');
    await once(child, 'close');
    folder.remove();
  }
});
