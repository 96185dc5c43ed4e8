import { UnavailableError } from '@sdp/shared/errors';
import type { BusMessage, OutgoingMessage, SqlTransaction } from '@sdp/shared/messaging';
import { partitionOf } from '../partitioner.ts';

/** Messages for one topic. */
export interface Append {
  readonly topic: string;
  /** Number of partitions of the topic. */
  readonly partitions: number;
  readonly messages: readonly OutgoingMessage[];
}

/** Messages that now stand in a partition, one behind the other. */
export interface Appended {
  readonly topic: string;
  readonly partition: number;
  /** Empty when the offsets are not known here. */
  readonly messages: readonly BusMessage[];
}

/** What {@link appendCtes} takes as its first parameters. */
export interface AppendPlan {
  readonly values: readonly unknown[];
  readonly slots: readonly Slot[];
}

/** Messages that go to one partition. */
export interface Slot {
  readonly topic: string;
  readonly partition: number;
  readonly messages: readonly OutgoingMessage[];
  /** Where the first of them is to stand; wherever the log ends where left out. */
  readonly expected?: bigint;
}

/** One row for each partition that took messages. */
export interface TakenRow {
  readonly slot: number;
  readonly first_offset: string;
  readonly written_at: Date;
}

/**
 * Takes offsets from the head rows, which stay locked until the transaction ends, and writes the messages: all, or none where
 * one doesn't come to stand as expected. Head rows are locked in order, so that two publishers can't wait for one another.
 * The values travel as one byte string that the server cuts up: an array of byte strings would be sent as hexadecimal text.
 *
 * @param condition SQL that says whether anything may be appended
 */
export function appendCtes(condition = 'true'): string {
  return `
  slot AS MATERIALIZED (
    SELECT s.topic, s.partition, s.count, s.expected, s.slot
      FROM unnest($1::text[], $2::int[], $3::int[], $11::bigint[]) WITH ORDINALITY AS s(topic, partition, count, expected, slot)
     WHERE ${condition}
  ), head AS MATERIALIZED (
    SELECT p.topic, p.partition, p.next_offset, s.count, s.expected, s.slot
      FROM slot s JOIN bus_partition p ON p.topic = s.topic AND p.partition = s.partition
     ORDER BY p.topic, p.partition FOR UPDATE OF p
  ), fit AS MATERIALIZED (
    SELECT NOT EXISTS (SELECT 1 FROM head WHERE next_offset <> expected) AS open
  ), taken AS MATERIALIZED (
    UPDATE bus_partition p
       SET next_offset = p.next_offset + h.count, segment = greatest(p.segment, bus_segment(clock_timestamp()))
      FROM head h
     WHERE p.topic = h.topic AND p.partition = h.partition AND (SELECT open FROM fit)
    RETURNING h.slot, p.topic, p.partition, p.next_offset - h.count AS first_offset, p.segment, clock_timestamp() AS written_at
  ), written AS (
    INSERT INTO bus_log (topic, partition, "offset", segment, key, headers, value, written_at)
    SELECT t.topic, t.partition, t.first_offset + m.nth, t.segment, m.key, m.headers,
           substring($4::bytea FROM m.start + 1 FOR m.length), t.written_at
      FROM unnest($5::int[], $6::int[], $7::text[], $8::text[], $9::int[], $10::int[])
           AS m(slot, nth, key, headers, start, length)
      JOIN taken t ON t.slot = m.slot
  )`;
}

/** Number of parameters that {@link appendCtes} takes. */
export const appendParameters = 11;

const appendSql = `WITH ${appendCtes()} SELECT slot::int, first_offset, written_at FROM taken`;

/** Sorts messages by where they go. */
export function slotsOf(appends: readonly Append[]): Slot[] {
  const slots = new Map<string, Slot & { readonly messages: OutgoingMessage[] }>();
  for (const { topic, partitions, messages } of appends) {
    for (const message of messages) {
      const partition = partitionOf(message.key, partitions);
      const place = placeOf(topic, partition);
      const slot = slots.get(place);
      if (slot === undefined) slots.set(place, { topic, partition, messages: [message] });
      else slot.messages.push(message);
    }
  }
  return [...slots.values()];
}

/** Names a partition. */
export function placeOf(topic: string, partition: number): string {
  return `${partition} ${topic}`;
}

/** @param slots one for each partition */
export function planAppend(slots: readonly Slot[]): AppendPlan {
  const all = slots.flatMap(({ messages }) => messages);
  const starts: number[] = [];
  let sizeBytes = 0;
  for (const { value } of all) {
    starts.push(sizeBytes);
    sizeBytes += value.byteLength;
  }
  const values = [
    slots.map(({ topic }) => topic),
    slots.map(({ partition }) => partition),
    slots.map(({ messages }) => messages.length),
    Buffer.concat(
      all.map(({ value }) => value),
      sizeBytes,
    ),
    slots.flatMap(({ messages }, slot) => messages.map(() => slot + 1)),
    slots.flatMap(({ messages }) => messages.map((_message, nth) => nth)),
    all.map(({ key }) => key),
    all.map(({ headers }) => encodeHeaders(headers)),
    starts,
    all.map(({ value }) => value.byteLength),
    slots.map(({ expected }) => (expected === undefined ? null : String(expected))),
  ];
  return { values, slots };
}

/** @throws {UnavailableError} when a partition that belongs to a topic is not there */
export function appendedOf({ slots }: AppendPlan, rows: readonly TakenRow[]): Appended[] {
  if (rows.length !== slots.length) {
    throw new UnavailableError('bus-unavailable', {
      message: 'The topic has lost its partitions',
      remedy: 'The tables of the bus were changed by hand; restore bus_partition.',
    });
  }
  return rows.flatMap(({ slot, first_offset, written_at }) => {
    const taken = slots[slot - 1];
    return taken === undefined ? [] : [placed(taken, BigInt(first_offset), written_at)];
  });
}

/** Messages of this process as they stand in the log from `first` on. */
export function placed({ topic, partition, messages }: Slot, first: bigint, timestamp: Date): Appended {
  return {
    topic,
    partition,
    messages: messages.map(({ key, value, headers = {} }, nth) => ({
      ...{ topic, partition, offset: first + BigInt(nth), key, value, headers, timestamp, isOwn: true },
    })),
  };
}

/**
 * Writes messages to the log inside a transaction; they get their offsets when it commits.
 *
 * @returns what to hand to readers once the transaction has committed
 */
export async function appendMessages(transaction: SqlTransaction, appends: readonly Append[]): Promise<Appended[]> {
  const plan = planAppend(slotsOf(appends));
  if (plan.slots.length === 0) return [];
  const { rows } = await transaction.query(appendSql, plan.values);
  return appendedOf(plan, rows as unknown as TakenRow[]);
}

/** Rows that are to be written in one statement with messages. */
export interface WithMessages {
  /** Common table expressions that write them, and fail where they can't; parameters count from `first` on. */
  readonly ctes: (first: number) => string;
  readonly values: readonly unknown[];
  /** SQL that is true once the rows are written. */
  readonly condition: string;
}

/** {@link appendMessages} and other rows in one statement, which is a transaction by itself. */
export async function appendWith(statement: SqlTransaction, rows: WithMessages, append: Append): Promise<Appended[]> {
  const plan = planAppend(slotsOf([append]));
  const text = `WITH ${rows.ctes(appendParameters + 1)}, ${appendCtes(rows.condition)}
    SELECT slot::int, first_offset, written_at FROM taken`;
  const { rows: taken } = await statement.query(text, [...plan.values, ...rows.values]);
  return appendedOf(plan, taken as unknown as TakenRow[]);
}

export function encodeHeaders(headers: OutgoingMessage['headers']): string | null {
  if (headers === undefined) return null;
  for (const _ in headers) return JSON.stringify(headers);
  return null;
}

export function decodeHeaders(text: string | null): Readonly<Record<string, string>> {
  return text === null ? {} : (JSON.parse(text) as Record<string, string>);
}
