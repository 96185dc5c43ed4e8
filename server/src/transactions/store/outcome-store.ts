import type { StoredOutcome } from '@sdp/shared/contracts';
import type { PoolClient } from '../../database/index.ts';
import type { TransactionName } from './transaction-store.ts';

export interface NewOutcome extends TransactionName {
  readonly fraud: boolean;
  readonly knownAt: Date;
  readonly reportedAt: Date;
}

interface OutcomeRow {
  readonly fraud: boolean;
  readonly known_at: Date;
  readonly reported_at: Date;
}

/**
 * Stores an outcome, unless there is one.
 *
 * @returns what stands there now, and whether it is new
 */
export async function insertOutcome(
  client: PoolClient,
  { clientId, transactionId, fraud, knownAt, reportedAt }: NewOutcome,
): Promise<{ readonly stored: StoredOutcome; readonly isNew: boolean }> {
  const { rows: inserted } = await client.query<OutcomeRow>(
    `INSERT INTO transaction_outcome (client_id, transaction_id, fraud, known_at, reported_at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (client_id, transaction_id) DO NOTHING RETURNING fraud, known_at, reported_at`,
    [clientId, transactionId, fraud, knownAt, reportedAt],
  );
  const [row] = inserted;
  if (row !== undefined) return { stored: present(transactionId, row), isNew: true };
  const { rows } = await client.query<OutcomeRow>(
    'SELECT fraud, known_at, reported_at FROM transaction_outcome WHERE client_id = $1 AND transaction_id = $2',
    [clientId, transactionId],
  );
  return { stored: present(transactionId, rows[0] as OutcomeRow), isNew: false };
}

function present(transactionId: string, { fraud, known_at, reported_at }: OutcomeRow): StoredOutcome {
  return {
    transaction_id: transactionId,
    fraud,
    known_at: known_at.toISOString(),
    reported_at: reported_at.toISOString(),
  };
}
