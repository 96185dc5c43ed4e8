import type { MasterKey } from '@sdp/shared/crypto';
import { ConfigError, UnavailableError } from '@sdp/shared/errors';
import { createPool, embeddedDsn, query, startEmbeddedPostgres } from '../database/index.ts';
import { generatedServerKey, type Settings } from '../settings/index.ts';

export interface OpenedDatabase {
  /** Holds the password: never log it. */
  readonly dsn: string;
  readonly serverKey: MasterKey;
  /** Never resolves for a database that this process doesn't run. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

const notOurs = { ended: new Promise<void>(() => undefined), stop: async () => undefined };

/**
 * The database of DB_DSN, or the embedded one.
 *
 * @param mode `own` runs it, `join` uses the one that a server on this data folder runs, `either` whichever is possible
 * @throws {UnavailableError} `database-unavailable`
 */
export async function openDatabase(settings: Settings, mode: 'own' | 'join' | 'either'): Promise<OpenedDatabase> {
  const { dataDir, database, serverKey } = settings;
  if (database.dsn !== undefined) {
    if (!serverKey) throw new ConfigError('key-missing');
    return { dsn: database.dsn, serverKey, ...notOurs };
  }
  if (mode !== 'own') {
    const dsn = await runningDsn(dataDir);
    if (dsn !== undefined) return { dsn, serverKey: serverKey ?? generatedServerKey(dataDir), ...notOurs };
    if (mode === 'join') {
      throw new UnavailableError('database-unavailable', {
        message: 'No server with an embedded database runs on the data folder',
        remedy: 'Start `sdp-server api` or `serve` first, or set DB_DSN.',
      });
    }
  }
  const embedded = await startEmbeddedPostgres({ dataDir });
  return { ...embedded, serverKey: serverKey ?? generatedServerKey(dataDir) };
}

async function runningDsn(dataDir: string): Promise<string | undefined> {
  let dsn: string;
  try {
    dsn = embeddedDsn(dataDir);
  } catch {
    return undefined;
  }
  const pool = createPool({ dsn, applicationName: 'sdp-server-probe', maxConnections: 1 });
  try {
    await query(pool, 'SELECT 1');
    return dsn;
  } catch {
    return undefined;
  } finally {
    await pool.end();
  }
}
