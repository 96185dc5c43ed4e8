import { UnavailableError } from '@sdp/shared/errors';
import type { OutgoingMessage, SqlTransaction } from '@sdp/shared/messaging';
import { sqlStateOf } from '../../database/index.ts';
import { partitionOf } from '../partitioner.ts';

/**
 * Takes offsets from the head rows, which stay locked until the transaction ends, and writes the messages. Head rows are
 * locked in order of partition, so that two publishers can't wait for one another. The values travel as one byte string
 * that the server cuts up: an array of byte strings would be sent as hexadecimal text.
 */
const appendSql = `
  WITH incoming AS MATERIALIZED (
    SELECT m.partition, m.key, m.headers, substring($4::bytea FROM m.start + 1 FOR m.length) AS value,
           row_number() OVER (PARTITION BY m.partition ORDER BY m.place) - 1 AS nth
      FROM unnest($2::int[], $3::text[], $5::text[], $6::int[], $7::int[])
           WITH ORDINALITY AS m(partition, key, headers, start, length, place)
  ), head AS MATERIALIZED (
    SELECT partition FROM bus_partition
     WHERE topic = $1 AND partition = ANY ($2::int[]) ORDER BY partition FOR UPDATE
  ), taken AS (
    UPDATE bus_partition p
       SET next_offset = p.next_offset + c.count, segment = greatest(p.segment, bus_segment(clock_timestamp()))
      FROM (SELECT partition, count(*) AS count FROM incoming JOIN head USING (partition) GROUP BY partition) c
     WHERE p.topic = $1 AND p.partition = c.partition
    RETURNING p.partition, p.next_offset - c.count AS first_offset, p.segment
  )
  INSERT INTO bus_log (topic, partition, "offset", segment, key, headers, value)
  SELECT $1, i.partition, t.first_offset + i.nth, t.segment, i.key, i.headers, i.value
    FROM incoming i JOIN taken t USING (partition)`;

/** "no partition of relation found for row". */
const missingSegment = '23514';

export interface Appended {
  readonly topic: string;
  readonly partitions: readonly number[];
}

/**
 * Writes messages to the log inside a transaction; they get their offsets when it commits.
 *
 * @param partitions number of partitions of the topic
 * @returns whom to wake once the transaction has committed
 */
export async function appendMessages(
  transaction: SqlTransaction,
  topic: string,
  partitions: number,
  messages: readonly OutgoingMessage[],
): Promise<Appended> {
  const places = messages.map(({ key }) => partitionOf(key, partitions));
  const starts: number[] = [];
  let sizeBytes = 0;
  for (const { value } of messages) {
    starts.push(sizeBytes);
    sizeBytes += value.byteLength;
  }
  const { rowCount } = await transaction.query(appendSql, [
    topic,
    places,
    messages.map(({ key }) => key),
    Buffer.concat(
      messages.map(({ value }) => value),
      sizeBytes,
    ),
    messages.map(({ headers }) => encodeHeaders(headers)),
    starts,
    messages.map(({ value }) => value.byteLength),
  ]);
  if (rowCount !== messages.length) {
    throw new UnavailableError('bus-unavailable', {
      message: 'The topic has lost its partitions',
      remedy: 'The tables of the bus were changed by hand; restore bus_partition.',
    });
  }
  return { topic, partitions: [...new Set(places)] };
}

/** Whether the day's segment of the log has yet to be made. */
export function isMissingSegment(error: unknown): boolean {
  return sqlStateOf(error) === missingSegment;
}

export function encodeHeaders(headers: OutgoingMessage['headers']): string | null {
  return headers === undefined || Object.keys(headers).length === 0 ? null : JSON.stringify(headers);
}

export function decodeHeaders(text: string | null): Readonly<Record<string, string>> {
  return text === null ? {} : (JSON.parse(text) as Record<string, string>);
}
