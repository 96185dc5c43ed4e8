import { UnavailableError } from '@sdp/shared/errors';
import { deadLetterTopic, type StageResult } from '@sdp/shared/messaging';
import { type Pool, withTransaction } from '../../database/index.ts';
import { toDeadLetter } from '../dead-letter.ts';
import type { Step } from '../stage/stage-partition.ts';
import {
  type Append,
  type Appended,
  appendCtes,
  appendedOf,
  appendParameters,
  planAppend,
  type TakenRow,
} from './append.ts';
import { statementName } from './control-connection.ts';
import type { LeasedStagePartition } from './leased-stage-partition.ts';
import type { Membership } from './leases.ts';
import type { Topics } from './topics.ts';

/**
 * Moves the offsets of all partitions of the batch, if every one is still ours and stands where the batch began: a statement
 * that was given up for lost may yet be carried out, and then this one must come to nothing.
 *
 * @param first number of the first parameter
 */
function settleCtes(first: number): string {
  const [partitions, from, to, fences, group, topic, member] = Array.from({ length: 7 }, (_, n) => `$${first + n}`);
  return `
  stand AS MATERIALIZED (
    SELECT o.partition, s.till
      FROM unnest(${partitions}::int[], ${from}::bigint[], ${to}::bigint[], ${fences}::bigint[]) AS s(partition, since, till, fence)
      JOIN bus_offset o ON o.partition = s.partition AND o.fence = s.fence AND o.next_offset = s.since
     WHERE o.group_name = ${group} AND o.topic = ${topic}
       AND EXISTS (SELECT 1 FROM bus_lease l
                    WHERE l.group_name = ${group} AND l.topic = ${topic} AND l.partition = s.partition AND l.member_id = ${member})
     ORDER BY o.partition FOR UPDATE OF o
  ), gate AS MATERIALIZED (
    SELECT count(*) = cardinality(${partitions}) AS open FROM stand
  ), settled AS (
    UPDATE bus_offset o SET next_offset = s.till FROM stand s
     WHERE o.group_name = ${group} AND o.topic = ${topic} AND o.partition = s.partition AND (SELECT open FROM gate)
  )`;
}

const settleSql = `WITH ${settleCtes(1)} SELECT open, NULL AS slot FROM gate`;

const settleAndAppendSql = `WITH ${settleCtes(appendParameters + 1)}, ${appendCtes('(SELECT open FROM gate)')}
  SELECT g.open, t.slot::int, t.first_offset, t.written_at FROM gate g LEFT JOIN taken t ON true`;

interface StoredRow extends TakenRow {
  readonly open: boolean;
}

export interface StoreBatchOptions {
  readonly pool: Pool;
  readonly topics: Topics;
  readonly membership: Membership;
}

/**
 * Stores outputs, dead letters and offsets in one statement, which is a transaction by itself, or in one transaction with what
 * the result's `write` writes.
 *
 * @returns what to hand to readers
 * @throws {UnavailableError} `bus-unavailable` when a partition has a new owner or stands elsewhere
 */
export async function storeBatch(
  { pool, topics, membership }: StoreBatchOptions,
  result: StageResult,
  steps: readonly Step<LeasedStagePartition>[],
): Promise<Appended[]> {
  const plan = planAppend(await appendsOf(topics, result));
  const { group, topic, memberId } = membership;
  const settleValues = [
    steps.map(({ partition }) => partition.partition),
    steps.map(({ from }) => String(from)),
    steps.map(({ to }) => String(to)),
    steps.map(({ partition }) => String(partition.fence)),
    ...[group, topic, memberId],
  ];
  const appends = plan.slots.length > 0;
  const text = appends ? settleAndAppendSql : settleSql;
  const statement = { name: statementName(text), text, values: [...(appends ? plan.values : []), ...settleValues] };
  const { write } = result;
  const rows =
    write === undefined
      ? checked((await pool.query<StoredRow>(statement)).rows)
      : await withTransaction(pool, async (client) => {
          await write(client);
          return checked((await client.query<StoredRow>(statement)).rows);
        });
  return appends ? appendedOf(plan, rows) : [];
}

async function appendsOf(topics: Topics, { outputs = [], deadLetters = [] }: StageResult): Promise<Append[]> {
  const appends: Append[] = [];
  for (const { topic, messages } of outputs) {
    if (messages.length > 0) appends.push({ topic, partitions: await topics.partitionsOf(topic), messages });
  }
  for (const { message, reason } of deadLetters) {
    const topic = deadLetterTopic(message.topic);
    const messages = [toDeadLetter(message, reason)];
    appends.push({ topic, partitions: await topics.partitionsOf(topic), messages });
  }
  return appends;
}

function checked(rows: StoredRow[]): StoredRow[] {
  if (rows[0]?.open === true) return rows;
  throw new UnavailableError('bus-unavailable', {
    message: 'A partition of the batch has a new owner',
    remedy: 'Nothing to do: nothing of the batch is stored and the new owner handles it.',
  });
}
