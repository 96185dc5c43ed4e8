import type { OutgoingMessage, StageBus } from '@sdp/shared/messaging';
import { EmbeddedBus } from '../../bus/index.ts';
import { asDatabaseError, GroupCommit, type Pool } from '../../database/index.ts';
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
  /** Resolves when nothing is left to be written. */
  drained(): Promise<void>;
}

/** @param onDeleteFailed messages that the bus has will be published once more */
export function createIngestLog(pool: Pool, bus: StageBus, onDeleteFailed: () => void): IngestLog {
  return bus instanceof EmbeddedBus ? sharedLog(bus) : foreignLog(pool, bus, onDeleteFailed);
}

/** Where the bus is in this database, rows and messages are one transaction: one statement, as long as none was there before. */
function sharedLog(bus: EmbeddedBus): IngestLog {
  return {
    append: async (transactions, messages) => {
      try {
        await bus.publishWith(newTransactionRows(transactions), transactionTopics.ingest, messages);
        return transactions;
      } catch (error) {
        if (!isRepeat(error)) throw asDatabaseError(error);
        return appendSome(bus, transactions, messages);
      }
    },
    drained: async () => undefined,
  };
}

async function appendSome(
  bus: EmbeddedBus,
  transactions: readonly NewTransaction[],
  messages: readonly OutgoingMessage[],
): Promise<readonly TransactionName[]> {
  return bus.transaction(async (client, publish) => {
    const names = await insertTransactions(client, transactions);
    const mine = messagesOf(names, transactions, messages).map(({ message }) => message);
    if (mine.length > 0) await publish(transactionTopics.ingest, mine);
    return names;
  });
}

/**
 * Elsewhere the sealed message is stored with its row and deleted once the bus has it: what a crash leaves is published by
 * {@link startUnpublishedSweeper}. Nobody waits for the deletion: a message that is published twice is told by its event id.
 */
function foreignLog(pool: Pool, bus: StageBus, onDeleteFailed: () => void): IngestLog {
  const published = new GroupCommit<readonly TransactionName[], void>(async (groups) => {
    await deleteUnpublished(pool, groups.flat());
    return groups.map(() => undefined);
  }, 100);
  return {
    append: async (transactions, messages) => {
      const names = await insertUnpublished(pool, transactions, messages).catch((error: unknown) => {
        throw asDatabaseError(error);
      });
      if (names.length === 0) return names;
      const mine = messagesOf(names, transactions, messages).map(({ message }) => message);
      await bus.publish(transactionTopics.ingest, mine);
      published.run(names).catch(onDeleteFailed);
      return names;
    },
    drained: () => published.drained(),
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
