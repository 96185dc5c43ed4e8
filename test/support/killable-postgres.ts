import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { applyMigrations, type EmbeddedPostgres, startEmbeddedPostgres } from '../../server/src/database/index.ts';
import { startTcpProxy } from './tcp-proxy.ts';

/** A PostgreSQL that one test has to itself, and may end at any moment. */
export interface KillablePostgres {
  /** The same before and after. */
  readonly dsn: string;
  /** Ends it as `pg_ctl stop -m immediate` does: nothing is finished, the next start recovers from its log. */
  kill(): Promise<void>;
  /** Stops it from answering, with its connections open, until {@link thaw}. */
  freeze(): void;
  thaw(): void;
  startAgain(): Promise<void>;
  /** Ends it and removes its data. */
  remove(): Promise<void>;
}

/** What was committed is to be there after a kill, so nothing of its safety is turned off. */
const settings = { max_connections: '100', shared_buffers: '32MB' };

/** Starts one with all migrations applied. */
export async function startKillablePostgres(): Promise<KillablePostgres> {
  const dataDir = mkdtempSync('/tmp/sdp-killable-postgres-');
  chmodSync(dataDir, 0o755);
  let postgres: EmbeddedPostgres = await startEmbeddedPostgres({ dataDir, settings });
  await applyMigrations(postgres.dsn);
  const portOf = (dsn: string) => Number(new URL(dsn).port);
  const pid = () => Number(readFileSync(join(postgres.filesDir, 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0]);
  // It comes back on another port.
  const target = { port: portOf(postgres.dsn) };
  const proxy = await startTcpProxy(target);
  const dsn = new URL(postgres.dsn);
  dsn.port = String(proxy.port);
  const group = (signal: NodeJS.Signals) => void process.kill(-pid(), signal);
  return {
    dsn: dsn.href,
    kill: async () => {
      process.kill(pid(), 'SIGQUIT');
      await postgres.ended;
      await postgres.stop();
    },
    freeze: () => group('SIGSTOP'),
    thaw: () => group('SIGCONT'),
    startAgain: async () => {
      postgres = await startEmbeddedPostgres({ dataDir, settings });
      target.port = portOf(postgres.dsn);
    },
    remove: async () => {
      await proxy.close();
      await postgres.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
