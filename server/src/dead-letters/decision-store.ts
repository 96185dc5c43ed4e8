import type { BusMessage } from '@sdp/shared/messaging';
import { type Pool, query } from '../database/index.ts';

export type DecisionState = 'REPLAYING' | 'REPLAYED' | 'DISCARDED';

export interface Decision {
  readonly state: DecisionState;
  readonly eventId: string | undefined;
  readonly reason: string | undefined;
  readonly decidedAt: Date;
}

/** What operators decided on letters. */
export interface DecisionStore {
  /** Of all letters of a topic, by {@link keyOf}. @throws {UnavailableError} `database-unavailable` */
  all(topic: string): Promise<ReadonlyMap<string, Decision>>;
  find(letter: BusMessage): Promise<Decision | undefined>;
  /** @returns false where there is a decision already, except that a replay that was begun is begun again */
  beginReplay(letter: BusMessage, eventId: string): Promise<boolean>;
  endReplay(letter: BusMessage): Promise<void>;
  /** @returns false where there is a decision already */
  discard(letter: BusMessage, reason: string): Promise<boolean>;
  /** Places of a topic whose messages were refused or given up, and by which groups, as the audit trail has them. */
  buried(topic: string): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Whether one of the groups has the effect of the event. */
  isApplied(groups: readonly string[], topic: string, tenant: string, eventId: string): Promise<boolean>;
}

/** A letter's place and time: a topic that was made anew has other letters at the same places. */
export function keyOf({
  partition,
  offset,
  timestamp,
}: Pick<BusMessage, 'partition' | 'offset' | 'timestamp'>): string {
  return `${partition}:${offset}:${timestamp.getTime()}`;
}

/** A place of {@link DecisionStore.buried}. */
export function placeOf({ partition, offset }: { readonly partition: number; readonly offset: bigint }): string {
  return `${partition}:${offset}`;
}

interface DecisionRow {
  readonly partition: number;
  readonly offset: string;
  readonly written_at: Date;
  readonly state: DecisionState;
  readonly event_id: string | null;
  readonly reason: string | null;
  readonly decided_at: Date;
}

const columns = 'partition, "offset", written_at, state, event_id, reason, decided_at';
const atPlace = 'topic = $1 AND partition = $2 AND "offset" = $3 AND written_at = $4';
const valuesOf = ({ topic, partition, offset, timestamp }: BusMessage) => [topic, partition, offset, timestamp];

export function createDecisionStore(pool: Pool): DecisionStore {
  return {
    async all(topic) {
      const sql = `SELECT ${columns} FROM dead_letter_decision WHERE topic = $1`;
      const { rows } = await query<DecisionRow>(pool, sql, [topic]);
      return new Map(rows.map((row) => [keyOf(placeAndTime(row)), toDecision(row)]));
    },
    async find(letter) {
      const sql = `SELECT ${columns} FROM dead_letter_decision WHERE ${atPlace}`;
      const [row] = (await query<DecisionRow>(pool, sql, valuesOf(letter))).rows;
      return row && toDecision(row);
    },
    async beginReplay(letter, eventId) {
      const { rowCount } = await query(
        pool,
        `INSERT INTO dead_letter_decision AS d (topic, partition, "offset", written_at, state, event_id)
         VALUES ($1, $2, $3, $4, 'REPLAYING', $5)
         ON CONFLICT (topic, partition, "offset", written_at) DO UPDATE SET decided_at = now()
          WHERE d.state = 'REPLAYING' AND d.event_id = excluded.event_id`,
        [...valuesOf(letter), eventId],
      );
      return rowCount === 1;
    },
    async endReplay(letter) {
      const sql = `UPDATE dead_letter_decision SET state = 'REPLAYED', decided_at = now() WHERE ${atPlace}`;
      await query(pool, sql, valuesOf(letter));
    },
    async discard(letter, reason) {
      const { rowCount } = await query(
        pool,
        `INSERT INTO dead_letter_decision (topic, partition, "offset", written_at, state, reason)
         VALUES ($1, $2, $3, $4, 'DISCARDED', $5) ON CONFLICT DO NOTHING`,
        [...valuesOf(letter), reason],
      );
      return rowCount === 1;
    },
    async buried(topic) {
      const { rows } = await query<{ place: string; groups: string[] }>(
        pool,
        `SELECT p.key || ':' || (p.value ->> 0) AS place, array_agg(DISTINCT coalesce(a.group_name, '')) AS groups
           FROM message_audit a, jsonb_each(a.places) AS p
          WHERE a.topic = $1 AND a.action IN ('refused', 'failed') GROUP BY 1`,
        [topic],
      );
      return new Map(rows.map(({ place, groups }) => [place, groups]));
    },
    async isApplied(groups, topic, tenant, eventId) {
      const sql =
        'SELECT 1 FROM applied_event WHERE group_name = ANY ($1::text[]) AND topic = $2 AND event_id = $3 LIMIT 1';
      const { rowCount } = await query(pool, sql, [groups, topic, `${tenant} ${eventId}`]);
      return rowCount === 1;
    },
  };
}

function placeAndTime({ partition, offset, written_at }: DecisionRow) {
  return { partition, offset: BigInt(offset), timestamp: written_at };
}

function toDecision({ state, event_id, reason, decided_at }: DecisionRow): Decision {
  return { state, eventId: event_id ?? undefined, reason: reason ?? undefined, decidedAt: decided_at };
}
