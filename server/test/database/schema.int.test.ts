import { readFileSync } from 'node:fs';
import pg from 'pg';
import { expect, it } from 'vitest';
import { startTestDatabase } from '../../../test/support/postgres.ts';

const databaseTypes: Readonly<Record<string, string>> = {
  String: 'text',
  'String @db.Uuid': 'uuid',
  Int: 'int4',
  'Int @db.SmallInt': 'int2',
  BigInt: 'int8',
  'BigInt[]': '_int8',
  Boolean: 'bool',
  Float: 'float8',
  Json: 'jsonb',
  Bytes: 'bytea',
  'Bytes[]': '_bytea',
  DateTime: 'timestamptz',
  'String[]': '_text',
  'Unsupported("xid8")': 'xid8',
  'Unsupported("pg_snapshot")': 'pg_snapshot',
};

/** `table.column type null?` of every column that schema.prisma declares. */
function declaredColumns(): string[] {
  const schema = readFileSync(new URL('../../prisma/schema.prisma', import.meta.url), 'utf8');
  return [...schema.matchAll(/^model \w+ \{\n([\s\S]*?)^\}/gm)].flatMap(([, body = '']) => {
    const table = /@@map\("(\w+)"\)/.exec(body)?.[1];
    return body
      .split('\n')
      .map((line) => /^ {2}(\w+) +(\w+(?:\[\])?(?:\("\w+"\))?)(\??)(.*)$/.exec(line))
      .filter((match) => match !== null)
      .map(([, column, type, optional, rest]) => {
        const full = `${type}${/ @db\.(?:Uuid|SmallInt)\b/.exec(` ${rest}`)?.[0] ?? ''}`;
        return `${table}.${column} ${databaseTypes[full] ?? full} ${optional ? 'null' : 'not null'}`;
      });
  });
}

it('schema.prisma says of every table and column what the migrations have made', async () => {
  const database = await startTestDatabase();
  const client = new pg.Client({ connectionString: database.dsn });
  await client.connect();
  const { rows } = await client.query(
    `SELECT table_name || '.' || column_name || ' ' || udt_name || CASE is_nullable WHEN 'YES' THEN ' null' ELSE ' not null' END AS line
       FROM information_schema.columns
      WHERE table_schema = 'public' AND table_name <> '_prisma_migrations'
        -- Partitions come and go with the days.
        AND table_name NOT IN (SELECT inhrelid::regclass::text FROM pg_inherits)`,
  );
  await client.end();
  await database.stop();
  expect(declaredColumns().sort()).toEqual(rows.map(({ line }) => line).sort());
});
