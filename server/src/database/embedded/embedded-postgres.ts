import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { UnavailableError } from '@sdp/shared/errors';
import { type Account, serverAccount } from './account.ts';
import { type Binaries, prepareBinaries } from './binaries.ts';
import { type Connection, connectionDsn, readConnection, writeConnection, writePrivately } from './connection-file.ts';
import { takeOwnerLock } from './owner-lock.ts';
import { makeDataDir, reachableDir } from './places.ts';
import { type PostmasterOptions, serverEnvironment, startPostmaster, stopLeftOver } from './postmaster.ts';

export interface EmbeddedPostgres {
  /** Holds the password: never log it. */
  readonly dsn: string;
  /** Where the cluster and PostgreSQL's log lie. */
  readonly filesDir: string;
  /** Resolves when the server has ended, asked for or not. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** Made where it is missing. One process at a time. */
  readonly dataDir: string;
  /** PostgreSQL settings, e.g. `{ fsync: 'off' }` for a database that may be lost. */
  readonly settings?: Readonly<Record<string, string>>;
}

const role = 'sdp';

/**
 * Runs the PostgreSQL that npm installed, with its data under `dataDir`, reachable from this machine alone and with a
 * random password. It ends with this process, however that ends; what an earlier process left running is stopped first.
 *
 * @throws {UnavailableError} `database-unavailable`: in use by another server, no binaries, no account to run as, no start
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const account = serverAccount();
  makeDataDir(options.dataDir, account);
  const lock = takeOwnerLock(join(options.dataDir, 'owner.lock'));
  try {
    const filesDir = reachableDir(options.dataDir, account);
    removePartials(filesDir);
    const binaries = prepareBinaries(filesDir, account);
    const clusterDir = join(filesDir, 'cluster');
    const postmasterOptions: PostmasterOptions = {
      binaries,
      account,
      clusterDir,
      logFile: join(filesDir, 'postgres.log'),
      ...(options.settings && { settings: options.settings }),
    };
    const connection = prepareCluster(options.dataDir, filesDir, binaries, account);
    await stopLeftOver(postmasterOptions, connection);
    const postmaster = await startPostmaster(postmasterOptions, connection);
    const running = { ...connection, port: postmaster.port };
    writeConnection(options.dataDir, running);
    return {
      dsn: connectionDsn(running),
      filesDir,
      ended: postmaster.ended,
      stop: async () => {
        await postmaster.stop();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** What a start that was killed half-way left behind. */
function removePartials(filesDir: string): void {
  for (const name of readdirSync(filesDir)) {
    if (/^(cluster|postgresql)-partial-/.test(name)) rmSync(join(filesDir, name), { recursive: true, force: true });
  }
}

/** The password is in the connection file before the cluster is in its place: a crash between the two is made good. */
function prepareCluster(
  dataDir: string,
  filesDir: string,
  binaries: Binaries,
  account: Account | undefined,
): Connection {
  const clusterDir = join(filesDir, 'cluster');
  const known = readConnection(dataDir);
  if (existsSync(clusterDir)) {
    if (known) return known;
    throw new UnavailableError('database-unavailable', {
      message: 'The embedded database is there but the file with its password is not',
      remedy: 'Restore connection.json in the data folder from a backup, or remove the folder to start afresh.',
    });
  }
  const connection: Connection = {
    host: '127.0.0.1',
    port: 0,
    user: role,
    password: randomBytes(24).toString('base64url'),
    database: 'postgres',
  };
  const partial = mkdtempSync(join(filesDir, 'cluster-partial-'));
  const passwordFile = join(filesDir, 'initial-password');
  try {
    if (account) chownSync(partial, account.uid, account.gid);
    writePrivately(passwordFile, connection.password, account);
    initialize(binaries, account, partial, passwordFile);
    writeConnection(dataDir, connection);
    renameSync(partial, clusterDir);
  } finally {
    rmSync(passwordFile, { force: true });
    rmSync(partial, { recursive: true, force: true });
  }
  return connection;
}

function initialize(binaries: Binaries, account: Account | undefined, clusterDir: string, passwordFile: string): void {
  const { status } = spawnSync(
    binaries.initdb,
    [
      `--pgdata=${clusterDir}`,
      `--username=${role}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--locale=C',
      '--no-instructions',
    ],
    { ...account, cwd: clusterDir, env: serverEnvironment, stdio: 'ignore' },
  );
  if (status === 0) return;
  throw new UnavailableError('database-unavailable', {
    message: 'The embedded database could not be made',
    remedy: 'Check the free space on the disk and the permissions of SDP_DATA_DIR, or set DB_DSN.',
  });
}
