import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../scripts/demo/server-process.ts';

const module = 'github.com/versity/versitygw/cmd/versitygw';
const version = 'v1.8.0';
const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sdp-tests');
const buildMs = 400_000;

export interface S3Server {
  readonly port: number;
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Where its buckets lie: a folder each, and a file for each object. */
  readonly folder: string;
  stop(): Promise<void>;
}

/**
 * A server that speaks the protocol of Amazon S3: versitygw, on a folder of its own. It is built from its source, which the Go
 * module proxy has, where it isn't there yet (about a minute). Without Go there is none; where `CI` is "true" that is a failure.
 */
export function findS3Server(): { start(): Promise<S3Server> } | { readonly missing: string } {
  const program = buildOnce();
  if ('missing' in program) {
    if (process.env['CI'] === 'true') throw new Error(`The tests of buckets need an S3 server: ${program.missing}`);
    process.stderr.write(`Tests of buckets skipped: ${program.missing}\n`);
    return program;
  }
  return { start: () => start(program.path) };
}

async function start(program: string): Promise<S3Server> {
  const home = mkdtempSync(join(tmpdir(), 'sdp-test-s3-'));
  const folder = join(home, 'buckets');
  const sidecar = join(home, 'metadata');
  for (const each of [folder, sidecar]) mkdirSync(each);
  const port = await freePort();
  const keys = { accessKeyId: 'test-access-key', secretAccessKey: 'test-secret-access-key' };
  // Its metadata lies beside the objects: not every file system has extended attributes.
  const args = ['--port', `127.0.0.1:${port}`, '--quiet', 'posix', '--sidecar', sidecar, folder];
  const child = spawn(program, args, {
    env: { ROOT_ACCESS_KEY: keys.accessKeyId, ROOT_SECRET_KEY: keys.secretAccessKey, HOME: home },
    stdio: 'ignore',
  });
  const endpoint = `http://127.0.0.1:${port}`;
  await untilAnswers(endpoint, child);
  return {
    ...{ port, endpoint, folder, ...keys },
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function buildOnce(): { readonly path: string } | { readonly missing: string } {
  const path = join(cache, `versitygw-${version}`);
  if (existsSync(path)) return { path };
  mkdirSync(cache, { recursive: true });
  const incoming = mkdtempSync(join(cache, 'incoming-'));
  try {
    // Unoptimized, which is built twice as fast.
    const { status } = spawnSync('go', ['install', '-gcflags=all=-N -l', '-ldflags=-s -w', `${module}@${version}`], {
      env: { ...process.env, GOBIN: incoming, GOFLAGS: '-modcacherw' },
      stdio: 'ignore',
      timeout: buildMs,
    });
    if (status !== 0) return { missing: 'building versitygw takes Go 1.25 or newer, and its module proxy' };
    // Another run may have been faster; it is the same.
    renameSync(join(incoming, 'versitygw'), path);
    return { path };
  } finally {
    rmSync(incoming, { recursive: true, force: true });
  }
}

async function untilAnswers(endpoint: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (child.exitCode !== null) throw new Error('the S3 server has ended');
    try {
      await (await fetch(endpoint)).text();
      return;
    } catch {
      await sleep(20);
    }
  }
  throw new Error('the S3 server does not answer');
}
