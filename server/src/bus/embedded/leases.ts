import type { ControlConnection } from './control-connection.ts';

/** A consumer's place in its group. */
export interface Membership {
  readonly group: string;
  readonly topic: string;
  readonly memberId: string;
  readonly leaseMs: number;
}

export interface Lease {
  readonly partition: number;
  /** Grows with each owner; what an earlier owner writes is refused by it. */
  readonly fence: bigint;
  readonly nextOffset: bigint;
}

export interface Census {
  /** Partitions whose lease was renewed. */
  readonly held: ReadonlySet<number>;
  /** How many partitions this member should have. */
  readonly share: number;
}

/** Makes the rows of a group that is new to the topic. */
export async function joinGroup(
  control: ControlConnection,
  { group, topic }: Pick<Membership, 'group' | 'topic'>,
  from: 'earliest' | 'latest',
): Promise<void> {
  await control.query(
    `WITH head AS (SELECT topic, partition, next_offset FROM bus_partition WHERE topic = $2),
          lease AS (INSERT INTO bus_lease (group_name, topic, partition) SELECT $1, topic, partition FROM head
                    ON CONFLICT DO NOTHING),
          dead AS (DELETE FROM bus_member WHERE alive_until < clock_timestamp() - interval '1 hour')
     INSERT INTO bus_offset (group_name, topic, partition, next_offset)
     SELECT $1, topic, partition, CASE WHEN $3 = 'latest' THEN next_offset ELSE 0 END FROM head
     ON CONFLICT DO NOTHING`,
    [group, topic, from],
  );
}

/**
 * Says that the member lives, renews what it holds and works out its fair share: partitions divided by live members, the
 * remainder going to those with the lowest ids, so that all members come to the same answer without talking.
 */
export async function renew(control: ControlConnection, member: Membership): Promise<Census> {
  const { rows } = await control.query<{ held: number[] | null; members: number; rank: number; partitions: number }>(
    `WITH alive AS (
       INSERT INTO bus_member (group_name, topic, member_id, alive_until)
       VALUES ($1, $2, $3, clock_timestamp() + $4 * interval '1 millisecond')
       ON CONFLICT (group_name, topic, member_id) DO UPDATE SET alive_until = excluded.alive_until
     ), renewed AS (
       UPDATE bus_lease SET leased_until = clock_timestamp() + $4 * interval '1 millisecond'
        WHERE group_name = $1 AND topic = $2 AND member_id = $3
       RETURNING partition
     ), others AS (
       SELECT member_id FROM bus_member
        WHERE group_name = $1 AND topic = $2 AND member_id <> $3 AND alive_until > clock_timestamp()
     )
     SELECT (SELECT array_agg(partition) FROM renewed) AS held,
            (SELECT count(*)::int + 1 FROM others) AS members,
            (SELECT count(*)::int FROM others WHERE member_id < $3) AS rank,
            (SELECT count(*)::int FROM bus_partition WHERE topic = $2) AS partitions`,
    [member.group, member.topic, member.memberId, member.leaseMs],
  );
  const row = rows[0];
  const { members = 1, rank = 0, partitions = 0 } = row ?? {};
  const share = Math.floor(partitions / members) + (rank < partitions % members ? 1 : 0);
  return { held: new Set(row?.held ?? []), share };
}

/**
 * Takes up to `count` partitions that nobody holds, and fences off their former owners. A partition whose former owner is
 * just writing its offset in a transaction is left for later: the lock tells that it is not done.
 */
export async function acquire(control: ControlConnection, member: Membership, count: number): Promise<Lease[]> {
  const { rows } = await control.query<{ partition: number; fence: string; next_offset: string }>(
    `WITH free AS (
       SELECT l.partition FROM bus_lease l JOIN bus_offset o USING (group_name, topic, partition)
        WHERE l.group_name = $1 AND l.topic = $2 AND (l.member_id IS NULL OR l.leased_until < clock_timestamp())
        ORDER BY l.partition LIMIT $5 FOR UPDATE SKIP LOCKED
     ), fenced AS (
       UPDATE bus_offset o SET fence = o.fence + 1 FROM free
        WHERE o.group_name = $1 AND o.topic = $2 AND o.partition = free.partition
       RETURNING o.partition, o.fence, o.next_offset
     ), leased AS (
       UPDATE bus_lease l SET member_id = $3, leased_until = clock_timestamp() + $4 * interval '1 millisecond'
         FROM fenced WHERE l.group_name = $1 AND l.topic = $2 AND l.partition = fenced.partition
     )
     SELECT partition, fence, next_offset FROM fenced`,
    [member.group, member.topic, member.memberId, member.leaseMs, count],
  );
  return rows.map((row) => ({
    partition: row.partition,
    fence: BigInt(row.fence),
    nextOffset: BigInt(row.next_offset),
  }));
}

/** Hands partitions back for others to take at once. */
export async function release(
  control: ControlConnection,
  { group, topic, memberId }: Membership,
  partitions: readonly number[],
): Promise<void> {
  await control.query(
    `UPDATE bus_lease SET member_id = NULL, leased_until = '-infinity'
      WHERE group_name = $1 AND topic = $2 AND member_id = $3 AND partition = ANY ($4::int[])`,
    [group, topic, memberId, partitions],
  );
}

export async function leave(control: ControlConnection, { group, topic, memberId }: Membership): Promise<void> {
  await control.query(
    'DELETE FROM bus_member WHERE group_name = $1 AND topic = $2 AND (member_id = $3 OR alive_until < now())',
    [group, topic, memberId],
  );
}
