import type { BusMessage } from '@sdp/shared/messaging';
import type pg from 'pg';
import type { Pool } from '../../database/index.ts';
import type { PartitionRange, TopicReader } from '../topic-reader.ts';
import { busError } from './control-connection.ts';
import { type LogRow, toMessage } from './log-reader.ts';

/** Of one query; values may be as large as can be. */
const maxRows = 1_000;
const maxBytes = 8 * 1024 * 1024;

const rangesSql = `
  SELECT p.partition, p.next_offset AS "end",
         coalesce((SELECT l."offset" FROM bus_log l WHERE l.topic = p.topic AND l.partition = p.partition
                    ORDER BY l."offset" LIMIT 1), p.next_offset) AS first
    FROM bus_partition p WHERE p.topic = $1 ORDER BY p.partition`;

const readSql = `
  SELECT partition, "offset", segment, key, headers, value, written_at, '0' AS available
    FROM (SELECT *, sum(octet_length(value)) OVER (ORDER BY "offset") AS bytes, row_number() OVER (ORDER BY "offset") AS nth
            FROM (SELECT * FROM bus_log
                   WHERE topic = $1 AND partition = $2 AND "offset" >= $3 AND "offset" < $4
                   ORDER BY "offset" LIMIT ${maxRows}) next_ones) counted
   WHERE bytes <= ${maxBytes} OR nth = 1
   ORDER BY "offset"`;

/** Topics of the bus in PostgreSQL, as they stand. The pool stays the caller's. */
export class EmbeddedTopicReader implements TopicReader {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async topics(): Promise<readonly string[]> {
    return (await this.#query<{ topic: string }>('SELECT topic FROM bus_topic ORDER BY topic', [])).map(
      ({ topic }) => topic,
    );
  }

  async ranges(topic: string): Promise<readonly PartitionRange[]> {
    const rows = await this.#query<{ partition: number; first: string; end: string }>(rangesSql, [topic]);
    return rows.map(({ partition, first, end }) => ({ partition, first: BigInt(first), end: BigInt(end) }));
  }

  async *read(topic: string, partition: number, from: bigint, to: bigint): AsyncGenerator<readonly BusMessage[]> {
    for (let position = from; position < to; ) {
      const rows = await this.#query<LogRow>(readSql, [topic, partition, position, to]);
      const last = rows.at(-1);
      if (last === undefined) return;
      yield rows.map((row) => toMessage(topic, row));
      position = BigInt(last.offset) + 1n;
    }
  }

  async close(): Promise<void> {
    // The pool is the caller's.
  }

  async #query<R extends pg.QueryResultRow>(text: string, values: readonly unknown[]): Promise<R[]> {
    try {
      return (await this.#pool.query<R>(text, values as unknown[])).rows;
    } catch (error) {
      throw busError(error);
    }
  }
}
