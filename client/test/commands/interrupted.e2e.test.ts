import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateMasterKeyText } from '@sdp/shared/crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const program = resolve(import.meta.dirname, '../../bin/sdp.js');
const built = existsSync(resolve(import.meta.dirname, '../../dist/main.js'));
const env = { PATH: process.env['PATH'], SDP_CRYPTO_KEY: generateMasterKeyText() };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sdp-e2e-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const outputs = () => readdirSync(folder).filter((name) => !name.startsWith('token_vault'));

/** A run that has taken in rows and waits for more: its input stays open. */
async function runUnderWay() {
  const args = ['tokenize-csv', '--input', '-', '--output', 'out.csv', '--source-table', 't', '--column', 'a'];
  const child = spawn(process.execPath, [program, ...args], { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => undefined);
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => {
    stderr += text.toString();
  });
  child.stdin.write(`a,b\n${Array.from({ length: 200_000 }, (_, row) => `value ${row},x\n`).join('')}`);
  // The vault is made once the header is known, so that rows are being worked on when it is there.
  while (!existsSync(join(folder, 'token_vault.db'))) await sleep(10);
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
  return { child, closed, stderr: () => stderr };
}

describe.skipIf(!built)('sdp, interrupted (needs `npm run build`)', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('ends with 130 and no file left behind on %s', async (signal) => {
    const { child, closed, stderr } = await runUnderWay();
    child.kill(signal);
    expect(await closed).toEqual([130, null]);
    expect(outputs()).toEqual([]);
    expect(stderr()).toMatch(/^sdp: error: The command was interrupted\nsdp: hint: /);
  });

  it('takes signals close together for one: a terminal and npx both send it', async () => {
    const { child, closed, stderr } = await runUnderWay();
    child.kill('SIGINT');
    await sleep(20);
    child.kill('SIGINT');
    expect(await closed).toEqual([130, null]);
    expect(stderr()).toMatch(/^sdp: error: The command was interrupted\n/);
    expect(outputs()).toEqual([]);
  });

  it('leaves no output when it is killed; the next run does not mind what is there', async () => {
    const { child, closed } = await runUnderWay();
    child.kill('SIGKILL');
    expect(await closed).toEqual([null, 'SIGKILL']);
    expect(existsSync(join(folder, 'out.csv'))).toBe(false);
    expect(existsSync(join(folder, 'out.csv.manifest.json'))).toBe(false);
    writeFileSync(join(folder, 'in.csv'), 'a,b\nvalue 1,x\n');
    const args = ['tokenize-csv', '--input', 'in.csv', '--output', 'out.csv', '--source-table', 't', '--column', 'a'];
    const again = spawn(process.execPath, [program, ...args], { cwd: folder, env, stdio: 'ignore' });
    expect((await once(again, 'close'))[0]).toBe(0);
    expect(existsSync(join(folder, 'out.csv'))).toBe(true);
  });

  it('ends at once when the reader of its output goes away', async () => {
    const rows = Array.from({ length: 300_000 }, (_, row) => `value ${row},x\n`).join('');
    writeFileSync(join(folder, 'in.csv'), `a,b\n${rows}`);
    const args = ['tokenize-csv', '--input', 'in.csv', '--output', '-', '--manifest', 'm.json'];
    const child = spawn(process.execPath, [program, ...args, '--source-table', 't', '--column', 'a'], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => {
      stderr += text.toString();
    });
    await once(child.stdout, 'data');
    child.stdout.destroy();
    expect((await once(child, 'close'))[0]).toBe(4);
    expect(stderr).toContain('the reader is gone');
    expect(outputs()).toEqual(['in.csv']);
  });
});
