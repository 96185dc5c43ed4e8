import type { BusMessage } from '@sdp/shared/messaging';
import { type Pool, sqlStateOf } from '../../database/index.ts';
import type { BusLogger } from '../bus-logger.ts';
import { pause } from '../retry.ts';
import type { Room, Taken } from '../stage/stage-partition.ts';
import { decodeHeaders } from './append.ts';

export interface LogReaderOptions {
  readonly pool: Pool;
  readonly logger: BusLogger;
  readonly topic: string;
  /** How often it looks without being told that there is something. */
  readonly pollMs: number;
  /** Bound on bytes of values read ahead, over all partitions. */
  readonly maxBytes: number;
  /** There is something to take. */
  readonly onNews: () => void;
}

/** Where a reader stands in one partition. */
interface Place {
  readonly partition: number;
  /** Offset to read next. */
  position: bigint;
  /** Of the last row read: leaves out the tables of days gone by. */
  segment: number;
  queue: BusMessage[];
  bytes: number;
  /** There may be something in the table at the position. */
  isStale: boolean;
}

const maxRows = 500;
const failurePauseMs = 250;

/** For each partition as many messages as the bytes allow, at least one. `available` tells whether that was all. */
const readSql = `
  SELECT w.partition, l."offset", l.segment, l.key, l.headers, l.value, l.written_at, l.available
    FROM unnest($2::int[], $3::bigint[], $4::int[]) AS w(partition, position, segment)
   CROSS JOIN LATERAL (
     SELECT *
       FROM (SELECT *, sum(octet_length(value)) OVER (ORDER BY "offset") AS bytes, row_number() OVER (ORDER BY "offset") AS nth,
                    count(*) OVER () AS available
               FROM (SELECT * FROM bus_log b
                      WHERE b.topic = $1 AND b.partition = w.partition AND b."offset" >= w.position AND b.segment >= w.segment
                      ORDER BY b."offset" LIMIT ${maxRows}) next_ones) counted
      WHERE bytes <= $5 OR nth = 1) l
   ORDER BY w.partition, l."offset"`;

/**
 * Reads several partitions of a topic. What this process appends is handed over and not read again where the reader stands
 * right there; anything else (other processes' messages, a backlog, a gap) comes from the table, one query for all partitions
 * that need one.
 */
export class LogReader {
  readonly topic: string;
  readonly #options: LogReaderOptions;
  readonly #places = new Map<number, Place>();
  readonly #closing = new AbortController();
  readonly #poll: NodeJS.Timeout;
  #reading: Promise<void> | undefined;
  #soon: NodeJS.Immediate | undefined;

  constructor(options: LogReaderOptions) {
    this.topic = options.topic;
    this.#options = options;
    this.#poll = setInterval(() => this.look(), options.pollMs).unref();
  }

  /** Goes on at `position`, whatever was read ahead. */
  begin(partition: number, position: bigint): void {
    this.#places.set(partition, { partition, position, segment: 0, queue: [], bytes: 0, isStale: true });
    this.#readSoon();
  }

  end(partition: number): void {
    this.#places.delete(partition);
  }

  /** Messages that were just stored, or are about to be, one behind the other; none where only the fact is known. */
  offer(partition: number, messages: readonly BusMessage[]): void {
    const place = this.#places.get(partition);
    if (place === undefined) return;
    const [first, last] = [messages[0], messages.at(-1)];
    // Known already: a read was faster.
    if (last !== undefined && last.offset < place.position) return;
    if (first?.offset === place.position && place.bytes < this.#share) {
      push(place, messages);
      this.#options.onNews();
      return;
    }
    place.isStale = true;
    this.#readSoon();
  }

  /** Messages from `offset` on that were offered before they were stored are not in the log after all. */
  retract(partition: number, offset: bigint): void {
    const place = this.#places.get(partition);
    if (place === undefined || place.position <= offset) return;
    place.queue = place.queue.filter((message) => message.offset < offset);
    place.bytes = place.queue.reduce((sum, { value }) => sum + value.byteLength, 0);
    place.position = offset;
    place.isStale = true;
    this.#readSoon();
  }

  /** There may be news, in these partitions or in any. */
  look(partitions: Iterable<number> = this.#places.keys()): void {
    for (const partition of partitions) {
      const place = this.#places.get(partition);
      if (place !== undefined) place.isStale = true;
    }
    this.#readSoon();
  }

  take(partition: number, room: Room): Taken | undefined {
    const place = this.#places.get(partition);
    if (place === undefined || place.queue.length === 0) return undefined;
    let [count, bytes] = [0, 0];
    for (const message of place.queue) {
      if (count >= room.messages || (count > 0 && bytes + message.value.byteLength > room.bytes)) break;
      bytes += message.value.byteLength;
      count++;
    }
    const isAll = count === place.queue.length;
    const messages = isAll ? place.queue : place.queue.slice(0, count);
    place.queue = isAll ? [] : place.queue.slice(count);
    place.bytes -= bytes;
    if (place.isStale) this.#readSoon();
    return { messages, nextOffset: (messages.at(-1)?.offset ?? 0n) + 1n };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    clearInterval(this.#poll);
    clearImmediate(this.#soon);
    await this.#reading;
  }

  get #share(): number {
    return this.#options.maxBytes / Math.max(1, this.#places.size);
  }

  /** Not at once: what fills a gap, or shows another partition to read, may come with the same turn of the event loop. */
  #readSoon(): void {
    this.#soon ??= setImmediate(() => {
      this.#soon = undefined;
      if (this.#closing.signal.aborted) return;
      this.#reading ??= this.#readAll().finally(() => {
        this.#reading = undefined;
      });
    });
  }

  async #readAll(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const share = this.#share;
      const wanted = [...this.#places.values()].filter(({ isStale, bytes }) => isStale && bytes < share);
      if (wanted.length === 0) return;
      for (const place of wanted) place.isStale = false;
      try {
        await this.#read(wanted, Math.floor(share));
      } catch (error) {
        for (const place of wanted) place.isStale = true;
        const fields = { topic: this.topic, sqlState: sqlStateOf(error) };
        this.#options.logger.warn(fields, 'read failed, it will be tried again');
        await pause(Math.min(this.#options.pollMs, failurePauseMs), this.#closing.signal);
      }
    }
  }

  async #read(wanted: readonly Place[], maxBytes: number): Promise<void> {
    const asked = new Map(wanted.map((place) => [place, place.position]));
    const { rows } = await this.#options.pool.query<LogRow>({
      name: 'bus-read-all',
      text: readSql,
      values: [
        this.topic,
        wanted.map(({ partition }) => partition),
        wanted.map(({ position }) => String(position)),
        wanted.map(({ segment }) => segment),
        maxBytes,
      ],
    });
    let hasNews = false;
    for (const [partition, ofPartition] of Map.groupBy(rows, (row) => row.partition)) {
      const place = this.#places.get(partition);
      // Begun anew meanwhile: this answers a question of before.
      const from = place && asked.get(place);
      if (place === undefined || from === undefined) continue;
      // Retracted meanwhile: the answer begins behind what is to come first.
      if (place.position < from) {
        place.isStale = true;
        continue;
      }
      if (ofPartition.length < Number(ofPartition[0]?.available) || ofPartition.length === maxRows)
        place.isStale = true;
      place.segment = ofPartition.at(-1)?.segment ?? 0;
      // Some of it may have been handed over meanwhile.
      const fresh = ofPartition.filter(({ offset }) => BigInt(offset) >= place.position);
      if (fresh.length === 0) continue;
      push(
        place,
        fresh.map((row) => toMessage(this.topic, row)),
      );
      hasNews = true;
    }
    if (hasNews) this.#options.onNews();
  }
}

function push(place: Place, messages: readonly BusMessage[]): void {
  for (const message of messages) {
    place.queue.push(message);
    place.bytes += message.value.byteLength;
    place.position = message.offset + 1n;
  }
}

export function toMessage(topic: string, row: LogRow): BusMessage {
  const { partition, key, value } = row;
  return {
    ...{ topic, partition, offset: BigInt(row.offset), key, value },
    headers: decodeHeaders(row.headers),
    timestamp: row.written_at,
  };
}

export interface LogRow {
  readonly partition: number;
  readonly offset: string;
  readonly segment: number;
  readonly key: string;
  readonly headers: string | null;
  readonly value: Buffer;
  readonly written_at: Date;
  readonly available: string;
}
