import type { PoolClient } from '../database/index.ts';

/** A table that COPY may write to. */
export interface CopyTarget {
  readonly name: string;
  /** Brings the rows to their table, in the same transaction. */
  settle(): Promise<void>;
}

/**
 * PostgreSQL refuses COPY into a table whose policies hold for the role that asks. They don't hold for a superuser or a role with
 * BYPASSRLS; for any other owner of the tables the rows go by way of a temporary one.
 */
export async function copyTarget(client: PoolClient, table: string): Promise<CopyTarget> {
  const { rows } = await client.query<{ active: boolean }>('SELECT row_security_active($1::regclass) AS active', [
    table,
  ]);
  if (rows[0]?.active === false) return { name: table, settle: async () => undefined };
  const name = `incoming_${table}`;
  await client.query(`CREATE TEMPORARY TABLE ${name} (LIKE ${table}) ON COMMIT DROP`);
  return {
    name,
    settle: async () => {
      await client.query(`INSERT INTO ${table} SELECT * FROM ${name}; DROP TABLE ${name}`);
    },
  };
}
