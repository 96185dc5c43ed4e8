import { Gauge, type Registry } from 'prom-client';
import { type Pool, query } from '../database/index.ts';

interface Waiting {
  readonly alerts: number;
  readonly oldestSeconds: number;
}

/** Not counted further: by then it is the age that matters. */
const mostCounted = 10_000;
const freshMs = 5_000;

/**
 * Publishes what waits for the role `alerts`. For processes that run beside it: of a role that is down it can't be the one to
 * tell. Looks at the database at a scrape, and not again within five seconds.
 */
export function watchAlertOutbox(registry: Registry, pool: Pool): void {
  let known: { readonly atMs: number; readonly waiting: Promise<Waiting | undefined> } | undefined;
  const look = (): Promise<Waiting | undefined> => {
    if (known === undefined || performance.now() - known.atMs > freshMs) {
      // A scrape must not fail with the database; readiness tells of it.
      known = { atMs: performance.now(), waiting: readWaiting(pool).catch(() => undefined) };
    }
    return known.waiting;
  };
  const gauge = (name: string, help: string, value: (waiting: Waiting) => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const waiting = await look();
        if (waiting === undefined) this.reset();
        else this.set(value(waiting));
      },
    });
  gauge('sdp_alert_outbox', 'Alerts that wait to be routed, up to ten thousand', ({ alerts }) => alerts);
  gauge(
    'sdp_alert_outbox_oldest_seconds',
    'How long ago the oldest of the alerts was written that wait to be routed',
    ({ oldestSeconds }) => oldestSeconds,
  );
}

async function readWaiting(pool: Pool): Promise<Waiting> {
  const { rows } = await query<{ alerts: number; oldest: number }>(
    pool,
    `SELECT count(*)::int AS alerts,
            coalesce(greatest(extract(epoch FROM clock_timestamp() - min(created_at)), 0), 0)::float8 AS oldest
       FROM (SELECT created_at FROM alert_outbox WHERE state = 'pending' ORDER BY due_at LIMIT ${mostCounted}) AS first`,
  );
  return { alerts: rows[0]?.alerts ?? 0, oldestSeconds: rows[0]?.oldest ?? 0 };
}
