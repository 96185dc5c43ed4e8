import { chownSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UnavailableError } from '@sdp/shared/errors';
import { z } from 'zod';

const connectionSchema = z.object({
  host: z.string(),
  port: z.int(),
  user: z.string(),
  password: z.string(),
  database: z.string(),
});

/** How to reach an embedded database. Holds its password. */
export type Connection = z.infer<typeof connectionSchema>;

const fileName = 'connection.json';

export function connectionDsn({ host, port, user, password, database }: Connection): string {
  return `postgresql://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
}

/** Written whole and readable by the owner alone. */
export function writeConnection(dataDir: string, connection: Connection): void {
  writePrivately(join(dataDir, fileName), `${JSON.stringify(connection)}\n`);
}

export function readConnection(dataDir: string): Connection | undefined {
  try {
    return connectionSchema.parse(JSON.parse(readFileSync(join(dataDir, fileName), 'utf8')));
  } catch {
    return undefined;
  }
}

/**
 * Address of the embedded database that a running server keeps in `dataDir`, for commands beside it.
 *
 * @throws {UnavailableError} `database-unavailable` when no server has ever run there
 */
export function embeddedDsn(dataDir: string): string {
  const connection = readConnection(dataDir);
  if (!connection) {
    throw new UnavailableError('database-unavailable', {
      message: 'No embedded database was started in the data folder',
      remedy: 'Start `sdp-server serve` first, or set SDP_DATA_DIR or DB_DSN as the server has them.',
    });
  }
  return connectionDsn(connection);
}

export function writePrivately(path: string, content: string, owner?: { uid: number; gid: number }): void {
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, content, { mode: 0o600 });
  if (owner) chownSync(partial, owner.uid, owner.gid);
  renameSync(partial, path);
}
