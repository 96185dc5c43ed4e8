import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { publishedKeys } from '@sdp/shared/crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canListProcesses, processesNaming } from '../../../test/support/processes.ts';
import { runProgram } from '../../../test/support/run-program.ts';

const program = resolve(import.meta.dirname, '../../bin/sdp-server.js');
const apiKey = 'an-api-key-for-this-test-0123456789';
const upload = { 'Content-Type': 'text/csv', 'X-SDP-Processing-Type': 'anomaly_detection', 'X-API-Key': apiKey };

let dir: string;
const running: ChildProcess[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sdp-server-e2e-'));
  // Where PostgreSQL can't reach the folder its files lie elsewhere, and would be left there.
  chmodSync(dir, 0o755);
});
afterEach(async () => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
  await sleep(300);
  rmSync(dir, { recursive: true, force: true });
});

const environment = (more: Record<string, string> = {}) => ({
  SDP_DATA_DIR: join(dir, 'data'),
  SDP_PORT: '0',
  SDP_API_KEY: apiKey,
  SDP_CLIENT_ID: 'acme',
  ...more,
});

interface Server {
  readonly child: ChildProcess;
  readonly url: string;
  readonly lines: Record<string, unknown>[];
}

/** Runs a command of the server until it writes `message`. */
async function start(args: string[], more: Record<string, string> = {}, message = 'listening'): Promise<Server> {
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env['PATH'], ...environment(more) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  const lines: Record<string, unknown>[] = [];
  let text = '';
  let errors = '';
  child.stderr?.on('data', (chunk) => {
    errors += chunk;
  });
  const url = await new Promise<string>((found, failed) => {
    child.once('exit', (status) => failed(new Error(`the server ended with status ${status}: ${errors}`)));
    child.stdout?.on('data', (chunk) => {
      text += chunk;
      for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n')) {
        const line = JSON.parse(text.slice(0, end));
        text = text.slice(end + 1);
        lines.push(line);
        if (line.msg === message) found(line.url ?? '');
      }
    });
  });
  return { child, url, lines };
}

const run = (args: string[], more: Record<string, string> = {}) =>
  runProgram(process.execPath, [program, ...args], { environment: environment(more) });

async function stop({ child }: Server, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  child.kill(signal);
  const [status] = (await once(child, 'exit')) as [number | null];
  return status;
}

async function send(url: string, body: string): Promise<string> {
  const response = await fetch(`${url}/api/v1/process`, { method: 'POST', body, headers: upload });
  return ((await response.json()) as { batch_id: string }).batch_id;
}

async function untilProcessed(url: string, batchId: string): Promise<void> {
  for (let i = 0; i < 400; i++) {
    const response = await fetch(`${url}/api/v1/batches/${batchId}`, { headers: { 'X-API-Key': apiKey } });
    if (((await response.json()) as { status: string }).status === 'PROCESSED') return;
    await sleep(50);
  }
  throw new Error('the batch was not processed');
}

describe('sdp-server serve', () => {
  it('takes a batch, processes it, stops on a signal and leaves nothing behind', async () => {
    const server = await start(['serve']);
    const batchId = await send(server.url, 'id,n\na,1\nb,2\nc,3\n');
    await untilProcessed(server.url, batchId);
    const results = await fetch(`${server.url}/api/v1/results/${batchId}`, { headers: { 'X-API-Key': apiKey } });
    expect(await results.json()).toMatchObject({ record_count: 3 });
    expect(await stop(server)).toBe(0);
    expect(server.lines.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);
    expect(JSON.stringify(server.lines)).not.toContain(apiKey);
    if (canListProcesses) {
      await sleep(300);
      expect(processesNaming(dir)).toEqual([]);
    }
  });

  it('finishes what a killed one had taken', async () => {
    const first = await start(['api']);
    const batchId = await send(first.url, 'id,n\na,1\nb,2\n');
    await stop(first, 'SIGKILL');
    const second = await start(['serve']);
    await untilProcessed(second.url, batchId);
    expect(await stop(second)).toBe(0);
  });

  it('lets an upload in hand finish, and a second signal cut it short', async () => {
    for (const isCutShort of [false, true]) {
      const server = await start(['serve'], { SDP_SHUTDOWN_DEADLINE_MS: '20000' });
      const { hostname, port } = new URL(server.url);
      const sending = request({
        hostname,
        port,
        path: '/api/v1/process',
        method: 'POST',
        headers: { ...upload, 'Transfer-Encoding': 'chunked', Expect: '100-continue' },
      });
      const answered = once(sending, 'response').catch(() => undefined);
      sending.flushHeaders();
      await once(sending, 'continue');
      sending.write('id,n\na,1\n');
      await sleep(500);
      server.child.kill('SIGTERM');
      await sleep(500);
      const ended = once(server.child, 'exit');
      if (isCutShort) {
        server.child.kill('SIGTERM');
        expect((await ended)[0]).toBe(130);
      } else {
        sending.end('b,2\n');
        expect(await answered).toMatchObject([{ statusCode: 200 }]);
        expect((await ended)[0]).toBe(0);
      }
    }
  });

  it('ends with an error when its database ends', async () => {
    const server = await start(['serve']);
    const postmaster = Number(readFileSync(join(dir, 'data', 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0]);
    expect(postmaster).toBeGreaterThan(1);
    const ended = once(server.child, 'exit');
    process.kill(postmaster, 'SIGQUIT');
    expect((await ended)[0]).toBe(7);
  });
});

describe('sdp-server api and worker', () => {
  it('share the batches between processes', async () => {
    const api = await start(['api']);
    const batchId = await send(api.url, 'id,n\na,1\nb,2\n');
    const worker = await start(['worker', '--role', 'anomaly', '--role', 'anonymization'], {}, 'batch worker started');
    await untilProcessed(api.url, batchId);
    expect(await stop(worker)).toBe(0);
    expect(await stop(api)).toBe(0);
  });

  it('says what is missing when a worker finds no database', async () => {
    const { status, stderr } = await run(['worker', '--role', 'anomaly']);
    expect(status).toBe(7);
    expect(stderr).toContain('sdp-server: hint: Start `sdp-server api`');
  });
});

describe('sdp-server api-keys', () => {
  it('makes, lists and revokes keys beside a running server and without one', async () => {
    const before = await run(['api-keys', 'create', '--client-id', 'acme', '--label', 'before', '--json']);
    const made = JSON.parse(before.stdout) as { key_id: string; api_key: string };
    const server = await start(['serve']);
    const ask = async (key: string) =>
      (await fetch(`${server.url}/api/v1/batches`, { headers: { 'X-API-Key': key } })).status;
    expect(await ask(made.api_key)).toBe(200);
    const beside = await run(['api-keys', 'create', '--client-id', 'acme']);
    expect(await ask(beside.stdout.trim())).toBe(200);
    expect((await run(['api-keys', 'revoke', made.key_id])).status).toBe(0);
    expect(await ask(made.api_key)).toBe(401);
    const list = await run(['api-keys', 'list']);
    expect(list.stdout).toContain('revoked');
    expect(list.stdout).not.toContain(made.api_key.slice(20));
    expect(list.stdout).not.toContain(beside.stdout.trim().slice(30));
    expect((await run(['api-keys', 'revoke', 'none'])).status).toBe(2);
    expect(await stop(server)).toBe(0);
  });
});

describe('sdp-server', () => {
  it('shows an example with the help of every command', async () => {
    for (const args of [
      [],
      ['serve'],
      ['api'],
      ['worker'],
      ['migrate'],
      ['api-keys', 'create'],
      ['api-keys', 'list'],
      ['api-keys', 'revoke'],
    ]) {
      const { status, stdout } = await run([...args, '--help']);
      expect(status).toBe(0);
      if (args.length !== 1 || args[0] !== 'api-keys') expect(stdout).toContain('Example:');
    }
  });

  it.each([
    [['serve'], { SDP_PORT: 'x', SDP_ENV: 'y' }, 3, /SDP_ENV.*SDP_PORT|SDP_PORT.*SDP_ENV/],
    [['serve'], { SDP_CRYPTO_KEY: publishedKeys[0] ?? '' }, 3, /sdp keygen/],
    [['serve'], { DB_DSN: 'postgresql://127.0.0.1:1/none', SDP_CRYPTO_KEY: `${'A'.repeat(42)}E` }, 7, /DB_DSN/],
    [['worker', '--role', 'none'], {}, 2, /scoring/],
    [['no-such-command'], {}, 2, /help/],
    [['api-keys', 'create'], {}, 2, /--client-id/],
    [['api-keys', 'create', '--client-id', 'not allowed'], {}, 2, /--client-id/],
  ])('refuses %j with %o', async (args, more, expectedStatus, message) => {
    const { status, stdout, stderr } = await run(args, more as Record<string, string>);
    expect([status, stdout]).toEqual([expectedStatus, '']);
    expect(stderr).toMatch(message);
  });

  it('brings a database up to date and says so', async () => {
    expect((await run(['migrate'])).stdout).toMatch(/^applied \d{14}_/);
    expect((await run(['migrate'])).stdout).toBe('The database is up to date.\n');
  });
});
