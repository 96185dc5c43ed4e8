import { UnavailableError } from '@sdp/shared/errors';
import type { StageStatement } from '@sdp/shared/messaging';
import type { Pool, PoolClient } from '../../database/index.ts';
import {
  type Appended,
  appendCtes,
  appendedOf,
  appendParameters,
  planAppend,
  type Slot,
  type TakenRow,
} from './append.ts';
import { statementName } from './control-connection.ts';

/** How far one partition of a group is to go. */
export interface Settle {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
  readonly memberId: string;
  readonly fence: bigint;
  /** Where the group stands. */
  readonly from: bigint;
  readonly to: bigint;
}

/** What is stored together. */
export interface Batch {
  /** One for each partition and group. */
  readonly settles: readonly Settle[];
  /** One for each partition. */
  readonly slots: readonly Slot[];
  readonly statement?: StageStatement | undefined;
}

/** Nothing was stored, for sure: a partition is somebody else's, or the log doesn't end where it was expected to. */
export class BatchRefused extends UnavailableError {
  constructor() {
    super('bus-unavailable', {
      message: 'A partition of the batch has a new owner',
      remedy: 'Nothing to do: nothing of the batch is stored and the new owner handles it.',
    });
  }
}

const settleParameters = 7;

/**
 * Moves offsets, appends messages and carries out the effect, if every partition is still ours and stands where the batch
 * began: a statement that was given up for lost may yet be carried out, and then this one must come to nothing.
 */
function commitSql(statement: StageStatement | undefined): string {
  const [groups, topics, partitions, from, to, fences, members] = Array.from(
    { length: settleParameters },
    (_, n) => `$${appendParameters + 1 + n}`,
  );
  const effect = statement?.ctes(appendParameters + settleParameters + 1, '(SELECT open FROM gate)');
  return `
  WITH stand AS MATERIALIZED (
    SELECT o.group_name, o.topic, o.partition, s.till
      FROM unnest(${groups}::text[], ${topics}::text[], ${partitions}::int[], ${from}::bigint[], ${to}::bigint[],
                  ${fences}::bigint[], ${members}::uuid[])
           AS s(group_name, topic, partition, since, till, fence, member_id)
      JOIN bus_offset o ON o.group_name = s.group_name AND o.topic = s.topic AND o.partition = s.partition
                       AND o.fence = s.fence AND o.next_offset = s.since
     WHERE EXISTS (SELECT 1 FROM bus_lease l
                    WHERE l.group_name = s.group_name AND l.topic = s.topic AND l.partition = s.partition
                      AND l.member_id = s.member_id)
     ORDER BY o.group_name, o.topic, o.partition FOR UPDATE OF o
  ), standing AS MATERIALIZED (
    SELECT count(*) = cardinality(${partitions}::int[]) AS open FROM stand
  ), ${appendCtes('(SELECT open FROM standing)')}, gate AS MATERIALIZED (
    SELECT standing.open AND fit.open AS open FROM standing, fit
  ), settled AS (
    UPDATE bus_offset o SET next_offset = s.till FROM stand s
     WHERE o.group_name = s.group_name AND o.topic = s.topic AND o.partition = s.partition AND (SELECT open FROM gate)
  )${effect === undefined ? '' : `, ${effect}`}
  SELECT g.open, t.slot::int, t.first_offset, t.written_at FROM gate g LEFT JOIN taken t ON true`;
}

const plainSql = commitSql(undefined);
const sqlWith = new WeakMap<StageStatement['ctes'], string>();

function textOf(statement: StageStatement | undefined): string {
  if (statement === undefined) return plainSql;
  const known = sqlWith.get(statement.ctes) ?? commitSql(statement);
  sqlWith.set(statement.ctes, known);
  return known;
}

interface StoredRow extends TakenRow {
  readonly open: boolean;
}

/**
 * Stores all of it in one statement, which is a transaction by itself.
 *
 * @returns what to hand to readers
 * @throws {BatchRefused} when nothing was stored; anything else leaves it unknown
 */
export async function commitBatch(
  client: Pick<Pool | PoolClient, 'query'>,
  { settles, slots, statement }: Batch,
): Promise<Appended[]> {
  const plan = planAppend(slots);
  const text = textOf(statement);
  const { rows } = await client.query<StoredRow>({
    name: statementName(text),
    text,
    values: [
      ...plan.values,
      settles.map(({ group }) => group),
      settles.map(({ topic }) => topic),
      settles.map(({ partition }) => partition),
      settles.map(({ from }) => String(from)),
      settles.map(({ to }) => String(to)),
      settles.map(({ fence }) => String(fence)),
      settles.map(({ memberId }) => memberId),
      ...(statement?.values ?? []),
    ],
  });
  if (rows[0]?.open !== true) throw new BatchRefused();
  return slots.length === 0 ? [] : appendedOf(plan, rows);
}
