import type { BusMessage } from '@sdp/shared/messaging';
import type { Pool } from '../../database/index.ts';
import type { Room, StagePartition, Taken } from '../stage/stage-partition.ts';
import type { Committer } from './committer.ts';
import { busError } from './control-connection.ts';
import type { Lease, Membership } from './leases.ts';
import { type LogReader, type LogRow, toMessage } from './log-reader.ts';

const maxRows = 1_000;
const maxBytes = 4 * 1024 * 1024;

const standSql = `
  SELECT next_offset FROM bus_offset
   WHERE group_name = $1 AND topic = $2 AND partition = $3 AND fence = $4
     AND EXISTS (SELECT 1 FROM bus_lease l
                  WHERE l.group_name = $1 AND l.topic = $2 AND l.partition = $3 AND l.member_id = $5)`;

const settledSql = `
  SELECT partition, "offset", segment, key, headers, value, written_at, '0' AS available
    FROM (SELECT *, sum(octet_length(value)) OVER (ORDER BY "offset") AS bytes, row_number() OVER (ORDER BY "offset") AS nth
            FROM (SELECT * FROM bus_log
                   WHERE topic = $1 AND partition = $2 AND "offset" >= $3 AND "offset" < $4 AND segment >= $5
                   ORDER BY "offset" LIMIT ${maxRows}) next_ones) counted
   WHERE bytes <= ${maxBytes} OR nth = 1
   ORDER BY "offset"`;

/** A partition under a lease, as a stage works on it. */
export class LeasedStagePartition implements StagePartition {
  readonly topic: string;
  readonly partition: number;
  readonly fence: bigint;
  /** Of the committer when a batch was last taken. */
  takenIn = 0;
  readonly #membership: Membership;
  readonly #pool: Pool;
  readonly #reader: LogReader;
  readonly #committer: Pick<Committer, 'generation'>;

  constructor(
    membership: Membership,
    lease: Lease,
    { pool, reader, committer }: { pool: Pool; reader: LogReader; committer: Pick<Committer, 'generation'> },
  ) {
    this.#committer = committer;
    this.topic = membership.topic;
    this.partition = lease.partition;
    this.fence = lease.fence;
    this.#membership = membership;
    this.#pool = pool;
    this.#reader = reader;
  }

  async open(): Promise<bigint | undefined> {
    const { group, memberId } = this.#membership;
    const values = [group, this.topic, this.partition, this.fence, memberId];
    const { rows } = await this.#pool.query<{ next_offset: string }>(standSql, values).catch(rethrow);
    const [row] = rows;
    if (row === undefined) return undefined;
    const nextOffset = BigInt(row.next_offset);
    this.#reader.begin(this.partition, nextOffset);
    return nextOffset;
  }

  async *read(from: bigint, to: bigint): AsyncGenerator<readonly BusMessage[]> {
    for (let [position, segment] = [from, 0]; position < to; ) {
      const values = [this.topic, this.partition, position, to, segment];
      const { rows } = await this.#pool.query<LogRow>(settledSql, values).catch(rethrow);
      const last = rows.at(-1);
      if (last === undefined) return;
      yield rows.map((row) => toMessage(this.topic, row));
      position = BigInt(last.offset) + 1n;
      segment = last.segment;
    }
  }

  take(room: Room): Taken | undefined {
    this.takenIn = this.#committer.generation;
    return this.#reader.take(this.partition, room);
  }
}

function rethrow(error: unknown): never {
  throw busError(error);
}
