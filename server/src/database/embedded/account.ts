import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { UnavailableError } from '@sdp/shared/errors';

/** The user a PostgreSQL server runs as, where it must not be the present one. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

const accountName = 'postgres';

/**
 * PostgreSQL refuses to run as root. Everywhere else it runs as whoever runs SDP.
 *
 * @returns undefined where the present user will do, else the account `postgres`, made where it is missing
 * @throws {UnavailableError} `database-unavailable` when the account is missing and cannot be made
 */
export function serverAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const found = findAccount();
  if (found) return found;
  // Two starts at once may both try: whoever comes second finds the account there.
  for (const [command, ...args] of [
    ['useradd', '--system', '--user-group', '--no-create-home', '--shell', '/bin/false', accountName],
    ['adduser', '-S', '-D', '-H', '-s', '/bin/false', accountName],
  ] as const) {
    spawnSync(command, args, { stdio: 'ignore' });
    const made = findAccount();
    if (made) return made;
  }
  throw new UnavailableError('database-unavailable', {
    message: 'The embedded PostgreSQL does not run as root, and the account "postgres" could not be made',
    remedy: 'Run SDP as another user, add a user "postgres", or set DB_DSN to a PostgreSQL of your own.',
  });
}

function findAccount(): Account | undefined {
  let accounts: string;
  try {
    accounts = readFileSync('/etc/passwd', 'utf8');
  } catch {
    return undefined;
  }
  for (const line of accounts.split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name === accountName) return { uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}
