import type { AppliedEvent, AppliedEvents, SqlTransaction } from '@sdp/shared/messaging';
import { asDatabaseError, type Pool } from '../database/index.ts';

const insertSql = `
  INSERT INTO applied_event (group_name, topic, event_id, sha256)
  SELECT $1, $2, e, s FROM unnest($3::text[], $4::bytea[]) AS given (e, s)
  ON CONFLICT DO NOTHING`;

/** Applied events in PostgreSQL. */
export class PostgresAppliedEvents implements AppliedEvents {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async find(group: string, topic: string, eventId: string): Promise<string | undefined> {
    const { rows } = await this.#pool
      .query<{ sha256: Buffer }>({
        name: 'applied-event-find',
        text: 'SELECT sha256 FROM applied_event WHERE group_name = $1 AND topic = $2 AND event_id = $3',
        values: [group, topic, eventId],
      })
      .catch(rethrow);
    return rows[0]?.sha256.toString('hex');
  }

  /** Another transaction that records one of them is waited for. */
  async recordIn(transaction: SqlTransaction, events: readonly AppliedEvent[]): Promise<boolean> {
    const { rowCount } = await transaction.query(insertSql, valuesOf(events));
    return rowCount === events.length;
  }

  async record(events: readonly AppliedEvent[]): Promise<void> {
    await this.#pool.query(insertSql, valuesOf(events)).catch(rethrow);
  }

  /**
   * Forgets events that were applied before `time`: as long ago as the topics reach back, lest a repeated reading apply them
   * again.
   *
   * @returns how many
   */
  async forgetBefore(time: Date): Promise<number> {
    const { rowCount } = await this.#pool
      .query('DELETE FROM applied_event WHERE applied_at < $1', [time])
      .catch(rethrow);
    return rowCount ?? 0;
  }
}

/** All of one message: group and topic are the same. */
function valuesOf(events: readonly AppliedEvent[]): unknown[] {
  const [{ group, topic } = { group: '', topic: '' }] = events;
  return [group, topic, events.map(({ eventId }) => eventId), events.map(({ digest }) => Buffer.from(digest, 'hex'))];
}

function rethrow(error: unknown): never {
  throw asDatabaseError(error);
}
