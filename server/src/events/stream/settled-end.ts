import { type Pool, query } from '../../database/index.ts';
import { storingLock } from '../store/partition-owner.ts';

interface Seen {
  readonly last: bigint;
  /** Transactions that were storing blocks at that time. */
  readonly storing: readonly string[];
}

/**
 * Up to which number blocks are settled: none will appear below it any more. Numbers are given before a block is committed, and
 * many processes store at once. Whoever has a number lower than one that can be read holds the lock of those who store until it
 * is over; so the last number is settled once all who held it then hold it no longer. Nobody waits for it, and nothing is
 * written.
 */
export class SettledEnd {
  readonly #pool: Pool;
  #settled = 0n;
  #before: Seen | undefined;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Looks once; what it returns never falls. @throws {UnavailableError} `database-unavailable` */
  async look(): Promise<bigint> {
    const now = await this.#see();
    if (now.storing.length === 0) {
      this.#settle(now.last);
      this.#before = undefined;
      return this.#settled;
    }
    if (this.#before === undefined || !this.#before.storing.some((each) => now.storing.includes(each))) {
      if (this.#before !== undefined) this.#settle(this.#before.last);
      this.#before = now;
    }
    return this.#settled;
  }

  #settle(last: bigint): void {
    if (last > this.#settled) this.#settled = last;
  }

  async #see(): Promise<Seen> {
    // The statement reads blocks as of its beginning, and locks after that: whoever is missing from these was over by then.
    const { rows } = await query<{ last: string; storing: string[] }>(
      this.#pool,
      `SELECT coalesce((SELECT block_id FROM event_block ORDER BY block_id DESC LIMIT 1), 0) AS last,
              ARRAY(SELECT virtualtransaction FROM pg_locks
                     WHERE locktype = 'advisory' AND classid = 0 AND objid = $1::bigint::oid AND objsubid = 1 AND granted
                       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS storing`,
      [storingLock],
    );
    return { last: BigInt(rows[0]?.last ?? 0), storing: rows[0]?.storing ?? [] };
  }
}

/** The last block that can be read; 0 where there is none. */
export async function lastBlock(pool: Pool): Promise<bigint> {
  const { rows } = await query<{ block_id: string }>(
    pool,
    'SELECT block_id FROM event_block ORDER BY block_id DESC LIMIT 1',
  );
  return BigInt(rows[0]?.block_id ?? 0);
}

/** The highest number that was ever given to a block: a place beyond it is of another database. */
export async function highestBlock(pool: Pool): Promise<bigint> {
  const { rows } = await query<{ last: string }>(
    pool,
    'SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS last FROM event_block_block_id_seq',
  );
  return BigInt(rows[0]?.last ?? 0);
}
