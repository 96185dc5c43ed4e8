import { type Pool, query } from '../database/index.ts';
import type { AuditRow } from './audit-row.ts';

const columns = [
  ['at', 'timestamptz'],
  ['action', 'text'],
  ['topic', 'text'],
  ['group_name', 'text'],
  ['tenant', 'text'],
  ['schema_id', 'text'],
  ['party', 'text'],
  ['key_id', 'text'],
  ['signing_key_id', 'text'],
  ['messages', 'int'],
  ['places', 'jsonb'],
  ['event_id', 'text'],
  ['replay_of', 'text'],
  ['code', 'text'],
] as const satisfies readonly (readonly [keyof AuditRow, string])[];

const names = columns.map(([name]) => name).join(', ');
const insertSql = `
  INSERT INTO message_audit (${names})
  SELECT ${names} FROM jsonb_to_recordset($1::jsonb) AS row (${columns.map((column) => column.join(' ')).join(', ')})`;

/** Rows of `message_audit`, which are only ever added. */
export interface AuditStore {
  /** All or none. @throws {UnavailableError} `database-unavailable` */
  insert(rows: readonly AuditRow[]): Promise<void>;
  /** @returns how many rows went that were older; those of the last 30 days stay @throws {UnavailableError} */
  forgetBefore(time: Date): Promise<number>;
}

export function createAuditStore(pool: Pool): AuditStore {
  return {
    async insert(rows) {
      await query(pool, insertSql, [JSON.stringify(rows)]);
    },
    async forgetBefore(time) {
      const { rowCount } = await query(
        pool,
        "DELETE FROM message_audit WHERE at < least($1, clock_timestamp() - interval '30 days 1 minute')",
        [time],
      );
      return rowCount ?? 0;
    },
  };
}
