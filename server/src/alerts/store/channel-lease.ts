import { type Pool, type PoolClient, query } from '../../database/index.ts';

/** How a channel is, as all processes know it. */
export interface ChannelState {
  /** One after the other, up to now. */
  readonly failures: number;
  /** It is not to be tried for so long; 0 where it may be. */
  readonly blockedMs: number;
}

interface StateRow {
  readonly failures: number;
  readonly blocked_ms: number | null;
}

/** By the database's clock alone: that of this process may be another. */
const blockedMs = 'extract(epoch FROM blocked_until - clock_timestamp())::float8 * 1000 AS blocked_ms';

/** A process that was killed is missed for as long, at most. */
const leaseSeconds = 10;

/**
 * Takes a channel for this process, or goes on having it. One process serves a channel at a time: that keeps the order of its messages
 * and its limits.
 *
 * @returns undefined while another process has it
 */
export async function takeChannel(pool: Pool, channel: string, owner: string): Promise<ChannelState | undefined> {
  const { rows } = await query<StateRow>(
    pool,
    `INSERT INTO alert_channel AS c (channel, owner, leased_until)
     VALUES ($1, $2, clock_timestamp() + interval '${leaseSeconds} seconds')
     ON CONFLICT (channel) DO UPDATE SET owner = EXCLUDED.owner, leased_until = EXCLUDED.leased_until
      WHERE c.owner IS NULL OR c.owner = EXCLUDED.owner OR c.leased_until < clock_timestamp()
     RETURNING failures, ${blockedMs}`,
    [channel, owner],
  );
  return rows[0] && stateOf(rows[0]);
}

/** Gives back what this process has, so that others need not wait. */
export async function giveBack(pool: Pool, owner: string): Promise<void> {
  await query(pool, 'UPDATE alert_channel SET owner = NULL, leased_until = NULL WHERE owner = $1', [owner]);
}

/** Lets another process have a channel at once. When it was served last is kept. */
export async function releaseChannel(pool: Pool, channel: string, owner: string): Promise<void> {
  await query(pool, 'UPDATE alert_channel SET owner = NULL WHERE channel = $1 AND owner = $2', [channel, owner]);
}

/** A channel that leads elsewhere now has not failed yet: what waits because of failures is tried at once. */
export async function tryAnew(pool: Pool, channel: string): Promise<void> {
  await query(
    pool,
    `WITH reset AS (UPDATE alert_channel SET failures = 0, blocked_until = NULL WHERE channel = $1)
     UPDATE alert_message SET next_at = clock_timestamp()
      WHERE channel = $1 AND state = 'PENDING' AND next_at > clock_timestamp()`,
    [channel],
  );
}

/** For a transaction that decides for the channel: nobody else does so meanwhile. @returns whether this process still has it */
export async function holdChannel(tx: PoolClient, channel: string, owner: string): Promise<boolean> {
  const { rowCount } = await query(tx, 'SELECT FROM alert_channel WHERE channel = $1 AND owner = $2 FOR UPDATE', [
    channel,
    owner,
  ]);
  return rowCount === 1;
}

/** Notes how an attempt went: a failure more, or none any longer. */
export async function noteChannel(
  tx: PoolClient,
  channel: string,
  { failed, pauseMs }: { readonly failed: boolean; readonly pauseMs: number | undefined },
): Promise<ChannelState> {
  const { rows } = await query<StateRow>(
    tx,
    `UPDATE alert_channel SET failures = CASE WHEN $2 THEN failures + 1 ELSE 0 END,
            blocked_until = CASE WHEN $3::float8 IS NULL THEN CASE WHEN $2 THEN blocked_until END
                                 ELSE clock_timestamp() + make_interval(secs => $3 / 1000) END
      WHERE channel = $1 RETURNING failures, ${blockedMs}`,
    [channel, failed, pauseMs ?? null],
  );
  return rows[0] ? stateOf(rows[0]) : { failures: 0, blockedMs: 0 };
}

function stateOf({ failures, blocked_ms: ms }: StateRow): ChannelState {
  return { failures, blockedMs: Math.max(0, ms ?? 0) };
}
