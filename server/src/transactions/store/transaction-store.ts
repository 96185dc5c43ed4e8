import type { DecidedTransaction, PendingTransaction, TransactionAnswer } from '@sdp/shared/contracts';
import type { OutgoingMessage } from '@sdp/shared/messaging';
import { type Pool, type PoolClient, type Queryable, query, sqlStateOf } from '../../database/index.ts';
import { type DecisionRow, presentDecision } from './stored-decision.ts';

/** What stands of a transaction in the database. */
export interface StoredTransaction {
  readonly clientId: string;
  readonly transactionId: string;
  /** Keyed digest of the content. */
  readonly sha256: Buffer;
  readonly terminal: string;
  readonly occurredAt: Date;
  readonly receivedAt: Date;
  /** Absent while it is undecided. */
  readonly decided?: DecidedTransaction;
}

export type NewTransaction = Omit<StoredTransaction, 'decided'>;

/** Names one transaction. */
export interface TransactionName {
  readonly clientId: string;
  readonly transactionId: string;
}

export function transactionUrl(transactionId: string): string {
  return `/api/v1/transactions/${transactionId}`;
}

export function presentTransaction(stored: Pick<StoredTransaction, 'transactionId' | 'receivedAt' | 'decided'>) {
  const { transactionId, receivedAt, decided } = stored;
  return (decided ?? pendingTransaction(transactionId, receivedAt)) satisfies TransactionAnswer;
}

export function pendingTransaction(transactionId: string, receivedAt: Date): PendingTransaction {
  return {
    transaction_id: transactionId,
    status: 'PENDING',
    url: transactionUrl(transactionId),
    received_at: receivedAt.toISOString(),
  };
}

interface TransactionRow extends DecisionRow {
  readonly sha256: Buffer;
  readonly terminal: string;
  readonly occurred_at: Date;
  readonly event_received_at: Date;
}

/** @param first number of the first of six parameters; see {@link columnsOf} */
function insertInto(first: number): string {
  const at = (i: number) => `$${first + i}`;
  return `
  INSERT INTO transaction_event (client_id, transaction_id, sha256, terminal, occurred_at, received_at)
  SELECT client_id, transaction_id, decode(sha256, 'hex'), terminal, to_timestamp(occurred_ms / 1000), to_timestamp(received_ms / 1000)
    FROM unnest(${at(0)}::text[], ${at(1)}::text[], ${at(2)}::text[], ${at(3)}::text[], ${at(4)}::float8[], ${at(5)}::float8[])
      AS t(client_id, transaction_id, sha256, terminal, occurred_ms, received_ms)
  ON CONFLICT (client_id, transaction_id) DO NOTHING
  RETURNING client_id, transaction_id`;
}

function columnsOf(transactions: readonly NewTransaction[]): readonly unknown[] {
  return [
    transactions.map(({ clientId }) => clientId),
    transactions.map(({ transactionId }) => transactionId),
    transactions.map(({ sha256 }) => sha256.toString('hex')),
    transactions.map(({ terminal }) => terminal),
    transactions.map(({ occurredAt }) => occurredAt.getTime()),
    transactions.map(({ receivedAt }) => receivedAt.getTime()),
  ];
}

const insertSql = insertInto(1);

/** For a bus in this database: all in one statement with their messages. It fails where one is there already; see {@link isRepeat}. */
export function newTransactionRows(transactions: readonly NewTransaction[]) {
  return {
    ctes: (first: number) => `
  event AS (${insertInto(first)}),
  whole AS MATERIALIZED (SELECT 1 / (count(*) = cardinality($${first}::text[]))::int AS ok FROM event)`,
    condition: '(SELECT ok FROM whole) = 1',
    values: columnsOf(transactions),
  };
}

/** Whether {@link newTransactionRows} failed because a transaction was there already: the statement divides by zero then. */
export function isRepeat(error: unknown): boolean {
  return sqlStateOf(error) === '22012';
}

const findSql = `
  SELECT e.client_id, e.transaction_id, e.sha256, e.terminal, e.occurred_at, e.received_at AS event_received_at,
         d.decision, d.score, d.model_version, d.reasons, d.late, d.received_at, d.decided_at
    FROM unnest($1::text[], $2::text[]) AS wanted(client_id, transaction_id)
    JOIN transaction_event e USING (client_id, transaction_id)
    LEFT JOIN transaction_decision d USING (client_id, transaction_id)`;

/**
 * Writes those that are new, in one statement. Give them in order of client and id: two processes that write the same ones
 * then can't wait for one another.
 *
 * @returns which were new
 */
export async function insertTransactions(
  client: PoolClient,
  transactions: readonly NewTransaction[],
): Promise<readonly TransactionName[]> {
  const { rows } = await client.query<{ client_id: string; transaction_id: string }>({
    name: 'sdp-transaction-insert',
    text: insertSql,
    values: [...columnsOf(transactions)],
  });
  return rows.map((row) => ({ clientId: row.client_id, transactionId: row.transaction_id }));
}

/** Those of the named transactions that are there, in no order, each with its decision. */
export async function findTransactions(
  pool: Queryable,
  names: readonly TransactionName[],
): Promise<readonly StoredTransaction[]> {
  const { rows } = await query<TransactionRow>(pool, findSql, [
    names.map(({ clientId }) => clientId),
    names.map(({ transactionId }) => transactionId),
  ]);
  return rows.map((row) => ({
    clientId: row.client_id,
    transactionId: row.transaction_id,
    sha256: row.sha256,
    terminal: row.terminal,
    occurredAt: row.occurred_at,
    receivedAt: row.event_received_at,
    ...(row.decision !== null && { decided: presentDecision(row) }),
  }));
}

/** A sealed message that may not be on the bus yet. */
export interface UnpublishedMessage extends TransactionName {
  readonly message: OutgoingMessage;
}

const insertUnpublishedSql = `
  WITH event AS (${insertInto(1)}), unpublished AS (
    INSERT INTO transaction_unpublished (client_id, transaction_id, key, headers, value)
    SELECT client_id, transaction_id, key, headers, decode(value, 'base64')
      FROM unnest($1::text[], $2::text[], $7::text[], $8::text[], $9::text[])
        AS t(client_id, transaction_id, key, headers, value)
      JOIN event USING (client_id, transaction_id)
    ON CONFLICT (client_id, transaction_id) DO NOTHING)
  SELECT client_id, transaction_id FROM event`;

/**
 * For a bus elsewhere: writes those that are new, and keeps their sealed messages until the bus has them. One statement.
 *
 * @param messages one for each transaction
 * @returns which were new
 */
export async function insertUnpublished(
  pool: Pool,
  transactions: readonly NewTransaction[],
  messages: readonly OutgoingMessage[],
): Promise<readonly TransactionName[]> {
  const { rows } = await pool.query<{ client_id: string; transaction_id: string }>({
    name: 'sdp-transaction-insert-unpublished',
    text: insertUnpublishedSql,
    values: [
      ...columnsOf(transactions),
      messages.map(({ key }) => key),
      messages.map(({ headers = {} }) => JSON.stringify(headers)),
      messages.map(({ value }) => Buffer.from(value).toString('base64')),
    ],
  });
  return rows.map((row) => ({ clientId: row.client_id, transactionId: row.transaction_id }));
}

export async function deleteUnpublished(pool: Pool | PoolClient, names: readonly TransactionName[]): Promise<void> {
  await query(
    pool,
    `DELETE FROM transaction_unpublished u USING unnest($1::text[], $2::text[]) AS t(client_id, transaction_id)
      WHERE u.client_id = t.client_id AND u.transaction_id = t.transaction_id`,
    [names.map(({ clientId }) => clientId), names.map(({ transactionId }) => transactionId)],
  );
}

/** Messages that have waited since before `ageMs`, locked against other sweepers until the transaction ends. */
export async function lockUnpublished(
  client: PoolClient,
  ageMs: number,
  limit: number,
): Promise<readonly UnpublishedMessage[]> {
  const { rows } = await client.query<{
    client_id: string;
    transaction_id: string;
    key: string;
    headers: string;
    value: Buffer;
  }>(
    `SELECT client_id, transaction_id, key, headers, value FROM transaction_unpublished
      WHERE created_at < clock_timestamp() - $1 * interval '1 millisecond'
      ORDER BY client_id, transaction_id LIMIT $2 FOR UPDATE SKIP LOCKED`,
    [ageMs, limit],
  );
  return rows.map((row) => ({
    clientId: row.client_id,
    transactionId: row.transaction_id,
    message: { key: row.key, headers: JSON.parse(row.headers) as Record<string, string>, value: row.value },
  }));
}
