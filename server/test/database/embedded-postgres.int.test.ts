import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { imageOf } from '../../../test/support/processes.ts';
import { takeOwnerLock } from '../../src/database/embedded/owner-lock.ts';
import { embeddedDsn, startEmbeddedPostgres } from '../../src/database/index.ts';

const isRoot = process.getuid?.() === 0;
const settings = { fsync: 'off' };
let base: string;
let dataDir: string;
const hosts: ChildProcess[] = [];

beforeEach(() => {
  base = mkdtempSync('/tmp/sdp-embedded-');
  chmodSync(base, 0o755);
  dataDir = join(base, 'data');
});
afterEach(async () => {
  for (const host of hosts.splice(0)) host.kill('SIGKILL');
  await sleep(100);
  rmSync(base, { recursive: true, force: true });
});

async function ask(dsn: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: dsn });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

/** A process of its own that runs the database, so that it can be killed. */
async function startHost(): Promise<{ host: ChildProcess; dsn: string }> {
  const host = fork(join(import.meta.dirname, 'embedded-host.ts'), [dataDir], {
    execArgv: ['--conditions=sdp-source'],
  });
  hosts.push(host);
  const [message] = await once(host, 'message');
  return { host, dsn: (message as { dsn: string }).dsn };
}

const postmasterPid = () => Number(readFileSync(join(dataDir, 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0]);

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function untilGone(pid: number): Promise<void> {
  for (let i = 0; i < 200 && isRunning(pid); i++) await sleep(25);
  expect(isRunning(pid)).toBe(false);
}

describe.skipIf(process.platform !== 'linux')('the embedded PostgreSQL', () => {
  it('keeps its data from one start to the next, and its password to its owner', async () => {
    const first = await startEmbeddedPostgres({ dataDir, settings });
    await ask(first.dsn, 'CREATE TABLE kept AS SELECT 42 AS answer');
    expect(embeddedDsn(dataDir)).toBe(first.dsn);
    expect(statSync(join(dataDir, 'connection.json')).mode & 0o777).toBe(0o600);
    expect(statSync(dataDir).mode & 0o066).toBe(0);
    await first.stop();
    await first.ended;

    const second = await startEmbeddedPostgres({ dataDir, settings });
    expect(await ask(second.dsn, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    expect(await ask(second.dsn, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    await second.stop();
  });

  it('lets nobody in without the password', async () => {
    const postgres = await startEmbeddedPostgres({ dataDir, settings });
    const url = new URL(postgres.dsn);
    url.password = 'guess';
    await expect(ask(url.href, 'SELECT 1')).rejects.toThrow(/password/);
    await postgres.stop();
  });

  it('belongs to one process at a time', async () => {
    const { host, dsn } = await startHost();
    await expect(startEmbeddedPostgres({ dataDir, settings })).rejects.toMatchObject({ code: 'database-unavailable' });
    expect(await ask(dsn, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    host.send('stop');
    await once(host, 'exit');
    await (await startEmbeddedPostgres({ dataDir, settings })).stop();
  });

  it('ends with its process, even one that is killed, and starts again with all that was committed', async () => {
    const { host, dsn } = await startHost();
    await ask(dsn, 'CREATE TABLE kept AS SELECT 1 AS n');
    const pid = postmasterPid();
    host.kill('SIGKILL');
    await untilGone(pid);
    const again = await startEmbeddedPostgres({ dataDir, settings });
    expect(await ask(again.dsn, 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
    await again.stop();
  });

  it('is taken over at once when its process was killed, whether or not it has stopped yet', async () => {
    for (let round = 0; round < 3; round++) {
      const { host, dsn } = await startHost();
      await ask(dsn, `CREATE TABLE round${round} ()`);
      host.kill('SIGKILL');
      await once(host, 'exit');
      const again = await startEmbeddedPostgres({ dataDir, settings });
      expect(await ask(again.dsn, `SELECT to_regclass('round${round}') IS NOT NULL AS kept`)).toEqual([{ kept: true }]);
      await again.stop();
    }
  });

  it('is stopped first when it runs on with nobody to own it', async () => {
    const { host, dsn } = await startHost();
    await ask(dsn, 'CREATE TABLE kept ()');
    const pid = postmasterPid();
    for (const guard of guardsOf(pid)) process.kill(guard, 'SIGKILL');
    host.kill('SIGKILL');
    await sleep(300);
    expect(isRunning(pid)).toBe(true);
    const again = await startEmbeddedPostgres({ dataDir, settings });
    expect(isRunning(pid)).toBe(false);
    expect(await ask(again.dsn, "SELECT to_regclass('kept') IS NOT NULL AS kept")).toEqual([{ kept: true }]);
    await again.stop();
  });

  it('does not take another process for its own when that has got its id', async () => {
    await (await startEmbeddedPostgres({ dataDir, settings })).stop();
    writeFileSync(
      join(dataDir, 'cluster', 'postmaster.pid'),
      `${process.pid}\n${dataDir}/cluster\n1\n5432\n\n127.0.0.1\n`,
    );
    await (await startEmbeddedPostgres({ dataDir, settings })).stop();
    expect(isRunning(process.pid)).toBe(true);
  });

  it('begins anew after a first start that was cut short', async () => {
    mkdirSync(join(dataDir, 'cluster-partial-abc'), { recursive: true });
    await (await startEmbeddedPostgres({ dataDir, settings })).stop();
    expect(readdirSync(dataDir).some((name) => name.includes('partial'))).toBe(false);
  });

  it('writes no statement and no value to its own log', async () => {
    const postgres = await startEmbeddedPostgres({ dataDir, settings });
    await ask(postgres.dsn, 'CREATE TABLE t (id TEXT PRIMARY KEY)');
    await ask(postgres.dsn, "INSERT INTO t VALUES ('canary')");
    await expect(ask(postgres.dsn, "INSERT INTO t VALUES ('canary')")).rejects.toThrow();
    await expect(ask(postgres.dsn, "SELECT 'canary'::int")).rejects.toThrow();
    await postgres.stop();
    const log = readFileSync(join(postgres.filesDir, 'postgres.log'), 'utf8');
    expect(log).not.toMatch(/Key \(id\)|INSERT/);
  });

  it.runIf(isRoot)('works under a folder that is closed to the account it runs as', async () => {
    chmodSync(base, 0o700);
    const postgres = await startEmbeddedPostgres({ dataDir, settings });
    expect(postgres.filesDir.startsWith('/var/lib/sdp/')).toBe(true);
    await ask(postgres.dsn, 'CREATE TABLE kept ()');
    await postgres.stop();
    const again = await startEmbeddedPostgres({ dataDir, settings });
    expect(await ask(again.dsn, "SELECT to_regclass('kept') IS NOT NULL AS kept")).toEqual([{ kept: true }]);
    await again.stop();
    // A data folder that was removed and made again is a new one.
    rmSync(dataDir, { recursive: true });
    const fresh = await startEmbeddedPostgres({ dataDir, settings });
    expect(fresh.filesDir).not.toBe(postgres.filesDir);
    await fresh.stop();
    for (const filesDir of [postgres.filesDir, fresh.filesDir]) rmSync(filesDir, { recursive: true });
  });
});

/** Shells that wait for the end of the process that runs this server. */
function guardsOf(postmaster: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => {
      const [, , , label, guarded] = imageOf(pid)?.argv.toString().split('\0') ?? [];
      return label === 'sdp-guard' && guarded === String(postmaster);
    });
}

describe('takeOwnerLock', () => {
  const lockPath = () => join(base, 'owner.lock');

  it('is held by one and free again afterwards', () => {
    const lock = takeOwnerLock(lockPath());
    expect(() => takeOwnerLock(lockPath())).toThrow(expect.objectContaining({ code: 'database-unavailable' }));
    lock.release();
    takeOwnerLock(lockPath()).release();
  });

  it.each([
    ['a process that is gone', '{"pid":4194000,"incarnation":""}'],
    ['a process of an earlier boot', `{"pid":${process.pid},"incarnation":"earlier:1"}`],
    ['nobody', ''],
    ['something else', 'not a lock'],
  ])('takes over the lock of %s', (_whose, content) => {
    writeFileSync(lockPath(), content);
    takeOwnerLock(lockPath()).release();
    expect(existsSync(lockPath())).toBe(false);
  });
});
