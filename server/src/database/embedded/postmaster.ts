import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError } from '@sdp/shared/errors';
import pg from 'pg';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { type Connection, connectionDsn } from './connection-file.ts';
import { processExists } from './owner-lock.ts';

const startTimeoutMs = 60_000;
const stopTimeoutMs = 20_000;
const portAttempts = 5;

export interface PostmasterOptions {
  readonly binaries: Binaries;
  readonly account: Account | undefined;
  /** The cluster (PGDATA). */
  readonly clusterDir: string;
  /** What PostgreSQL itself has to say; free of values by its settings. */
  readonly logFile: string;
  /** Server settings beyond the usual, e.g. `{ fsync: 'off' }`. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface Postmaster {
  readonly port: number;
  /** Resolves when the server has ended, whoever ended it. */
  readonly ended: Promise<void>;
  /** Ends sessions, writes a checkpoint and stops. Safe to call twice. */
  stop(): Promise<void>;
}

/** Statements and rows may hold data: none of them may reach PostgreSQL's own log. */
const quietLog = { log_min_error_statement: 'panic', log_error_verbosity: 'terse', log_statement: 'none' };

/**
 * Starts PostgreSQL on a free port of 127.0.0.1 and waits until it answers.
 *
 * @throws {UnavailableError} `database-unavailable`
 */
export async function startPostmaster(
  options: PostmasterOptions,
  connection: Omit<Connection, 'port'>,
): Promise<Postmaster> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const child = spawnPostgres(options, port);
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()).once('error', () => resolve()));
    if (await answers(child, { ...connection, port })) {
      const guard = startGuard(child, options);
      return { port, ended, stop: () => stopChild(child, ended, guard, options) };
    }
    await kill(child, ended);
    // A port taken between finding and binding it looks like any other failed start.
    if (attempt === portAttempts) {
      throw new UnavailableError('database-unavailable', {
        message: 'The embedded PostgreSQL did not start',
        remedy: `See ${options.logFile}.`,
      });
    }
  }
}

function spawnPostgres({ binaries, account, clusterDir, logFile, settings }: PostmasterOptions, port: number) {
  const flags = {
    ...quietLog,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    ...settings,
  };
  const log = openSync(logFile, 'a', 0o600);
  try {
    return spawn(
      binaries.postgres,
      ['-D', clusterDir, '-p', String(port), ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`)],
      {
        ...account,
        // A group of its own: an interrupt from the keyboard is for SDP, which stops the database last.
        detached: true,
        cwd: clusterDir,
        env: serverEnvironment,
        stdio: ['ignore', log, log],
      },
    );
  } finally {
    closeSync(log);
  }
}

/** Nothing of SDP's own environment (it holds keys) is handed to PostgreSQL. */
export const serverEnvironment = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

async function freePort(): Promise<number> {
  const probe = createServer();
  return new Promise((resolve, reject) => {
    probe.once('error', reject).listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

async function answers(child: ChildProcess, connection: Connection): Promise<boolean> {
  let ended = false;
  child.once('close', () => {
    ended = true;
  });
  child.once('error', () => {
    ended = true;
  });
  for (const deadline = Date.now() + startTimeoutMs; Date.now() < deadline && !ended; await sleep(25)) {
    if (await canConnect(connection)) return true;
  }
  return false;
}

async function canConnect(connection: Connection, clusterDir?: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: connectionDsn(connection), connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    if (clusterDir === undefined) return true;
    const { rows } = await client.query('SELECT current_setting($1) AS dir', ['data_directory']);
    return rows[0]?.dir === clusterDir;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Stops the server when this process ends without having done so, a `kill -9` included: a shell waits for the end of a
 * pipe whose other end only this process holds.
 */
function startGuard(child: ChildProcess, { account, clusterDir }: PostmasterOptions): ChildProcess | undefined {
  if (process.platform === 'win32') return undefined;
  const script =
    'read -r word; [ "$word" = stopped ] && exit; read -r pid < "$2"; [ "$pid" = "$1" ] && kill -INT "$1"; exit 0';
  const guard = spawn('/bin/sh', ['-c', script, 'sdp-guard', String(child.pid), join(clusterDir, 'postmaster.pid')], {
    ...account,
    detached: true,
    cwd: clusterDir,
    env: serverEnvironment,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.on('error', () => undefined);
  guard.stdin?.on('error', () => undefined);
  guard.unref();
  child.unref();
  // A pipe keeps the event loop alive too; its type doesn't say that it can be unreferenced.
  (guard.stdin as unknown as { unref(): void } | null)?.unref();
  return guard;
}

async function stopChild(
  child: ChildProcess,
  ended: Promise<void>,
  guard: ChildProcess | undefined,
  options: PostmasterOptions,
): Promise<void> {
  child.ref();
  if (child.exitCode === null && child.signalCode === null) {
    if (process.platform === 'win32') await pgCtlStop(options);
    else child.kill('SIGINT');
    const stopped = await Promise.race([ended.then(() => true), sleep(stopTimeoutMs, false, { ref: false })]);
    if (!stopped) await kill(child, ended);
  }
  guard?.stdin?.end('stopped\n');
}

/** Immediate shutdown: nothing committed is lost, the next start replays the log. */
async function kill(child: ChildProcess, ended: Promise<void>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) child.kill('SIGQUIT');
  await ended;
}

async function pgCtlStop({ binaries, account, clusterDir }: PostmasterOptions): Promise<void> {
  const args = ['stop', '-D', clusterDir, '-m', 'fast', '-w', '-t', String(stopTimeoutMs / 1_000)];
  const child = spawn(binaries.pgCtl, args, { ...account, env: serverEnvironment, cwd: clusterDir, stdio: 'ignore' });
  await new Promise<void>((resolve) => child.once('close', () => resolve()).once('error', () => resolve()));
}

/**
 * Stops a server that an earlier process left behind on this cluster, so that the new one starts from a clean shutdown.
 * The caller holds the owner lock: nobody else can be using it.
 *
 * @throws {UnavailableError} `database-unavailable` when it doesn't go away
 */
export async function stopLeftOver(options: PostmasterOptions, connection: Connection | undefined): Promise<void> {
  const pidFile = join(options.clusterDir, 'postmaster.pid');
  for (const deadline = Date.now() + stopTimeoutMs; Date.now() < deadline; await sleep(100)) {
    const [pid, , , port] = readLines(pidFile);
    if (!pid || !processExists(Number(pid))) return;
    const where = workingDirOf(Number(pid));
    if (where !== undefined && where !== options.clusterDir) {
      // Another process has the id by now. PostgreSQL would take it for a server and refuse to start.
      rmSync(pidFile, { force: true });
      return;
    }
    const reachable =
      connection && port && (await canConnect({ ...connection, port: Number(port) }, options.clusterDir));
    if (where !== undefined || reachable) await pgCtlStop(options);
  }
  throw new UnavailableError('database-unavailable', {
    message: 'An embedded PostgreSQL of an earlier start is still running and does not stop',
    remedy: `Stop the process named in the first line of ${pidFile}.`,
  });
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
}

/** The postmaster works in its cluster's folder. Undefined where the system doesn't say. */
function workingDirOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}
