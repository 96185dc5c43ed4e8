import type { OutgoingMessage, SqlTransaction, StageBus } from '@sdp/shared/messaging';
import { EmbeddedBus } from '../../bus/index.ts';
import { asDatabaseError, type Pool, withTransaction } from '../../database/index.ts';
import {
  deleteUnpublished,
  insertTransactions,
  insertUnpublished,
  isRepeat,
  type NewTransaction,
  newTransactionRows,
  type TransactionName,
} from '../store/transaction-store.ts';
import { transactionTopics } from '../transaction-flow.ts';

/** Stores transactions and puts their messages on the bus, both or neither. */
export interface IngestLog {
  /**
   * @param messages one for each transaction, sealed
   * @returns those that were not there before; nothing is published of the others
   * @throws {UnavailableError} `database-unavailable`, `bus-unavailable`
   */
  append(
    transactions: readonly NewTransaction[],
    messages: readonly OutgoingMessage[],
  ): Promise<readonly TransactionName[]>;
}

export function createIngestLog(pool: Pool, bus: StageBus): IngestLog {
  return bus instanceof EmbeddedBus ? sharedLog(pool, bus) : foreignLog(pool, bus);
}

/** Where the bus is in this database, rows and messages are one transaction: one statement, as long as none was there before. */
function sharedLog(pool: Pool, bus: EmbeddedBus): IngestLog {
  return {
    append: async (transactions, messages) => {
      try {
        await bus.publishWith(newTransactionRows(transactions), transactionTopics.ingest, messages);
        return transactions;
      } catch (error) {
        if (!isRepeat(error)) throw asDatabaseError(error);
        return appendSome(pool, bus, transactions, messages);
      }
    },
  };
}

async function appendSome(
  pool: Pool,
  bus: EmbeddedBus,
  transactions: readonly NewTransaction[],
  messages: readonly OutgoingMessage[],
): Promise<readonly TransactionName[]> {
  const { inserted, wake } = await withTransaction(pool, async (client) => {
    const names = await insertTransactions(client, transactions);
    const mine = messagesOf(names, transactions, messages).map(({ message }) => message);
    return {
      inserted: names,
      wake: mine.length === 0 ? () => undefined : await bus.publishIn(client, transactionTopics.ingest, mine),
    };
  });
  wake();
  return inserted;
}

/**
 * Elsewhere the sealed message is stored with its row and deleted once the bus has it: what a crash leaves is published by
 * {@link startUnpublishedSweeper}.
 */
function foreignLog(pool: Pool, bus: StageBus): IngestLog {
  return {
    append: async (transactions, messages) => {
      const unpublished = await withTransaction(pool, async (client) => {
        const names = await insertTransactions(client, transactions);
        const mine = messagesOf(names, transactions, messages);
        if (mine.length > 0) await insertUnpublished(client as SqlTransaction, mine);
        return mine;
      });
      if (unpublished.length > 0) {
        await bus.publish(
          transactionTopics.ingest,
          unpublished.map(({ message }) => message),
        );
        await deleteUnpublished(pool, unpublished);
      }
      return unpublished;
    },
  };
}

function messagesOf(
  names: readonly TransactionName[],
  transactions: readonly NewTransaction[],
  messages: readonly OutgoingMessage[],
) {
  const inserted = new Set(names.map(({ clientId, transactionId }) => `${clientId}/${transactionId}`));
  return transactions.flatMap(({ clientId, transactionId }, i) =>
    inserted.has(`${clientId}/${transactionId}`)
      ? [{ clientId, transactionId, message: messages[i] as OutgoingMessage }]
      : [],
  );
}
