import { UnavailableError } from '@sdp/shared/errors';
import type { BusMessage, ConsumeOptions, DeadLetterReason, SqlTransaction } from '@sdp/shared/messaging';
import { deadLetterTopic } from '@sdp/shared/messaging';
import { type Pool, sqlStateOf, withTransaction } from '../../database/index.ts';
import type { BusLogger } from '../bus-logger.ts';
import { toDeadLetter } from '../dead-letter.ts';
import type { OwnedPartition } from '../partition-worker.ts';
import { pause } from '../retry.ts';
import { type Appended, appendMessages, decodeHeaders } from './append.ts';
import type { ControlConnection } from './control-connection.ts';
import type { Lease, Membership } from './leases.ts';
import type { Topics } from './topics.ts';
import type { WakeUps } from './wake-ups.ts';

export interface LeasedPartitionOptions {
  readonly pool: Pool;
  readonly control: ControlConnection;
  readonly topics: Topics;
  readonly wakeUps: WakeUps;
  readonly logger: BusLogger;
  readonly pollMs: number;
  /** Bound on the bytes of values that are read ahead. */
  readonly maxBytes: () => number;
  readonly onDeadLetter: ConsumeOptions['onDeadLetter'];
  readonly onAppended: (appended: readonly Appended[]) => void;
}

const maxRows = 500;

/** As many messages as the bytes allow, at least one. `segment` leaves out the tables of days gone by. */
const readSql = `
  SELECT "offset", segment, key, headers, value, written_at
    FROM (SELECT *, sum(octet_length(value)) OVER (ORDER BY "offset") AS bytes, row_number() OVER (ORDER BY "offset") AS nth
            FROM (SELECT * FROM bus_log
                   WHERE topic = $1 AND partition = $2 AND "offset" >= $3 AND segment >= $4
                   ORDER BY "offset" LIMIT ${maxRows}) next_ones) counted
   WHERE bytes <= $5 OR nth = 1
   ORDER BY "offset"`;

const settleSql = `
  UPDATE bus_offset SET next_offset = greatest(next_offset, $4)
   WHERE group_name = $1 AND topic = $2 AND partition = $3 AND fence = $5
     AND EXISTS (SELECT 1 FROM bus_lease l
                  WHERE l.group_name = $1 AND l.topic = $2 AND l.partition = $3 AND l.member_id = $6)`;

/** A partition under a lease: reads in small batches, writes offsets under the fence. */
export class LeasedPartition implements OwnedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly #lease: Lease;
  readonly #member: Membership;
  readonly #options: LeasedPartitionOptions;
  #buffer: BusMessage[] = [];
  #position: bigint;
  #segment = 0;

  constructor(member: Membership, lease: Lease, options: LeasedPartitionOptions) {
    this.topic = member.topic;
    this.partition = lease.partition;
    this.#member = member;
    this.#lease = lease;
    this.#options = options;
    this.#position = lease.nextOffset;
  }

  async take(signal: AbortSignal): Promise<BusMessage | undefined> {
    const { wakeUps, pollMs } = this.#options;
    while (this.#buffer.length === 0) {
      if (signal.aborted) return undefined;
      const version = wakeUps.version(this.topic, this.partition);
      const found = await this.#read().catch((error: unknown) => this.#onReadFailure(error));
      if (found === 'failed') await pause(Math.min(pollMs, 250), signal);
      else if (!found) await wakeUps.wait(this.topic, this.partition, version, pollMs, signal);
    }
    return this.#buffer.shift();
  }

  async commit(nextOffset: bigint): Promise<boolean> {
    const { rowCount } = await this.#options.control.query(settleSql, this.#settleValues(nextOffset));
    return rowCount === 1;
  }

  async settleIn(transaction: SqlTransaction, nextOffset: bigint): Promise<boolean> {
    const { rowCount } = await transaction.query(settleSql, this.#settleValues(nextOffset));
    if (rowCount === 1) return true;
    throw new UnavailableError('bus-unavailable', {
      message: 'The partition has a new owner',
      remedy: 'Nothing to do: the transaction is rolled back and the new owner handles the message.',
    });
  }

  async bury(message: BusMessage, reason: DeadLetterReason, nextOffset: bigint): Promise<boolean> {
    const { pool, topics, onDeadLetter, onAppended } = this.#options;
    const topic = deadLetterTopic(this.topic);
    const partitions = await topics.partitionsOf(topic);
    const appended = await withTransaction(pool, async (client) => {
      await this.settleIn(client, nextOffset);
      const result = await appendMessages(client, [{ topic, partitions, messages: [toDeadLetter(message, reason)] }]);
      // Before the commit: after it a crash would lose the call, for the message would not come again.
      await onDeadLetter?.(message, reason);
      return result;
    });
    onAppended(appended);
    return true;
  }

  #onReadFailure(error: unknown): 'failed' {
    const { topic, partition } = this;
    this.#options.logger.warn({ topic, partition, sqlState: sqlStateOf(error) }, 'read failed, it will be tried again');
    return 'failed';
  }

  #settleValues(nextOffset: bigint): unknown[] {
    const { group, topic, memberId } = this.#member;
    return [group, topic, this.partition, nextOffset, this.#lease.fence, memberId];
  }

  async #read(): Promise<boolean> {
    const { rows } = await this.#options.pool.query<LogRow>({
      name: 'bus-read',
      text: readSql,
      values: [this.topic, this.partition, this.#position, this.#segment, this.#options.maxBytes()],
    });
    const last = rows.at(-1);
    if (last === undefined) return false;
    this.#buffer = rows.map((row) => this.#toMessage(row));
    this.#position = BigInt(last.offset) + 1n;
    this.#segment = last.segment;
    return true;
  }

  #toMessage(row: LogRow): BusMessage {
    return {
      topic: this.topic,
      partition: this.partition,
      offset: BigInt(row.offset),
      key: row.key,
      value: row.value,
      headers: decodeHeaders(row.headers),
      timestamp: row.written_at,
    };
  }
}

interface LogRow {
  readonly offset: string;
  readonly segment: number;
  readonly key: string;
  readonly headers: string | null;
  readonly value: Buffer;
  readonly written_at: Date;
}
